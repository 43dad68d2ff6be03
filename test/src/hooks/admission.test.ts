import t from 'tap'
import { createAdmission } from '../../../src/hooks/admission.ts'

t.test('no more is let in than there is room for', async (t) => {
  const { enter } = createAdmission({ mostRequests: 2, mostBytes: 10 })
  const refused = { code: 'unavailable', headers: { 'Retry-After': '1' } }
  const leave = enter(6)
  t.throws(() => enter(5), refused)
  enter(4)
  t.throws(() => enter(0), refused)
  leave()
  leave()
  enter(6)
  t.throws(() => enter(0), refused, 'leaving twice is leaving once')
})
