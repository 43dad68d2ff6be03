import t from 'tap'
import { type AdmissionLimits, type Arrival, createAdmission } from '../../../src/hooks/admission.ts'

const KIB = 1024
const LIMITS: AdmissionLimits = {
  bytes: 800 * KIB,
  largeBytes: 400 * KIB,
  large: 200 * KIB,
  arriving: 8,
  addressBytes: 400 * KIB,
  addressArriving: 4,
  stored: 10,
}
const REFUSED = { code: 'unavailable', headers: { 'Retry-After': '1' } }

/** Counts bodies by a clock of its own, and notes whom it gives up. */
function start(limits: Partial<AdmissionLimits> = {}) {
  let time = 0
  const admission = createAdmission({ ...LIMITS, ...limits }, () => time)
  const givenUp: string[] = []
  const begin = (name: string, address = '192.0.2.1'): Arrival =>
    admission.begin(address, (refusal) => void givenUp.push(`${name} ${refusal.code}`))
  return {
    givenUp,
    begin,
    sweep: admission.sweep,
    pass(seconds: number) {
      time += seconds * 1000
    },
    /** One that is here in part. */
    send(name: string, kib: number, address?: string): Arrival {
      const arrival = begin(name, address)
      arrival.take(kib * KIB)
      return arrival
    },
  }
}

t.test('no more are stored at a time than may be', async (t) => {
  const { send } = start({ stored: 2 })
  const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map((name) => send(name, 10))
  first?.end()
  second?.end()
  t.throws(() => third?.end(), REFUSED)
  third?.leave()
  first?.leave()
  first?.leave()
  fourth?.end()
  t.throws(() => send('e', 10).end(), REFUSED, 'leaving twice is leaving once')
})

t.test('what has arrived keeps its memory, and what is only arriving gives way, the slowest first', async (t) => {
  const { send, pass, givenUp } = start({ large: 900 * KIB })
  for (const address of ['192.0.2.1', '192.0.2.2']) send('arrived', 300, address).end()
  send('slow', 100, '192.0.2.3')
  pass(2)
  send('less slow', 90, '192.0.2.4')
  send('tiny', 1, '192.0.2.5')
  pass(1)
  send('new', 50, '192.0.2.6')
  t.same(givenUp, ['slow unavailable', 'less slow unavailable'], 'one that holds next to nothing is left alone')
  t.throws(() => send('too much', 200, '192.0.2.7'), REFUSED)
  send('another', 100, '192.0.2.7').end()
})

t.test('one address has its share, and gives up its own', async (t) => {
  const { send, pass, givenUp } = start({ large: 900 * KIB })
  send('slow neighbour', 100, '192.0.2.2')
  pass(5)
  send('first', 200)
  pass(1)
  send('second', 190)
  send('third', 100)
  t.same(givenUp, ['first unavailable'])
  send('neighbour', 300, '192.0.2.2')
  t.equal(givenUp.length, 1)
})

t.test('large bodies leave some memory to the others', async (t) => {
  const { send, begin, givenUp } = start()
  send('large', 300).end()
  const grows = send('grows', 150, '192.0.2.2')
  t.throws(() => grows.take(60 * KIB), REFUSED)
  t.same(givenUp, ['grows unavailable'])
  for (const address of ['192.0.2.3', '192.0.2.4']) send('small', 190, address).end()
  begin('next', '192.0.2.5').take(100 * KIB)
  t.equal(givenUp.length, 1)
})

t.test('of those that arrive without an end there are so many, of all and of one address', async (t) => {
  const { begin, pass, givenUp } = start()
  for (let i = 1; i <= 5; i++) {
    begin(`${i}`)
    pass(1)
  }
  t.same(givenUp, ['1 unavailable', '2 unavailable'])
  for (let i = 6; i <= 11; i++) begin(`${i}`, `198.51.100.${i}`)
  t.same(givenUp.slice(2), ['3 unavailable', '4 unavailable'])
})

t.test('an IPv6 network of 64 bits is one address, and an IPv4 address is the same in IPv6', async (t) => {
  const { begin, givenUp } = start({ arriving: 100 })
  for (let i = 1; i <= 5; i++) begin('six', `2001:db8::${i}`)
  t.equal(givenUp.length, 2)
  for (let i = 1; i <= 4; i++) begin('six', `2001:db8:0:${i}::1`)
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1']) begin('four', address)
  t.equal(givenUp.length, 2)
  begin('four', '::ffff:192.0.2.1')
  t.equal(givenUp.length, 4)
})

t.test('what comes so slowly that nobody means it is given up', async (t) => {
  const { begin, send, pass, sweep, givenUp } = start()
  begin('silent')
  const steady = send('steady', 1, '192.0.2.2')
  const whole = send('whole', 1, '192.0.2.3')
  whole.end()
  for (let i = 0; i < 20; i++) {
    pass(1)
    steady.take(KIB)
    sweep()
  }
  t.same(givenUp, ['silent request_timeout'])
})
