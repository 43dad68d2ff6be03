import t, { type Test } from 'tap'
import { emptyApp } from '../support/app.ts'
import { NOT_OURS, STEPS, type Step } from './web-app.ts'

// Plays the requests of the web app against a server, in their order.

/** In the place of something of another type. */
const OTHERS = [null, 7, 'x', true, {}, [[]], '\ud800']

t.test('the web app, unchanged', async (t) => {
  const send = await serve(t)
  const bound = new Map<string, string>()
  for (const step of STEPS) {
    const { status, reads = [], says = {} } = step
    const { name, answers } = await play(send, bound, step)
    for (const { status: answered, text, body } of answers) {
      if (!t.ok([status].flat().includes(answered), `${name}: ${answered} ${text.slice(0, 300)}`)) return
      for (const place of reads) t.ok(valuesAt(body, place).length > 0, `${name} has ${place}`)
      for (const [place, value] of Object.entries(says))
        t.same(valuesAt(body, place)[0], filled(bound, value), `${name}: ${place}`)
    }
  }
  for (const path of NOT_OURS) {
    const answer = await send(bound, { as: 'owner', method: 'GET', path })
    t.match(answer, { status: 404, body: { error: String, code: String } }, path)
  }
})

t.test('each of its bodies with something missing, or of another type, is answered', async (t) => {
  const send = await serve(t)
  const bound = new Map<string, string>()
  for (const step of STEPS) {
    const { name } = await play(send, bound, step)
    for (const body of wrongBodies(step)) {
      const { status, body: said } = await send(bound, { ...step, body })
      const what = `${name} ${JSON.stringify(body)}`
      t.ok(status < 500, `${what}: ${status}`)
      if (status >= 400) t.match(said, { error: String, code: String, request_id: String }, what)
    }
  }
})

type Send = Awaited<ReturnType<typeof serve>>

/** A server of its own. @returns sends it a request, with what is bound in the places of its names. */
async function serve(t: Test) {
  const { app } = await emptyApp(t)
  const base = `${await app.listen({ host: '127.0.0.1', port: 0 })}/api/v1`
  return async (
    bound: ReadonlyMap<string, string>,
    { as, method, path, body }: Pick<Step, 'as' | 'method' | 'path'> & { body?: unknown },
  ) => {
    const headers = new Headers()
    if (as !== null) headers.set('authorization', `Bearer ${bound.get(as)}`)
    if (body !== undefined) headers.set('content-type', 'application/json')
    const sent = body === undefined ? {} : { body: JSON.stringify(filled(bound, body)) }
    const answer = await fetch(`${base}${filled(bound, path)}`, { method, headers, ...sent })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown), text }
  }
}

/** Sends a step as it is, and binds what it gives. */
async function play(send: Send, bound: Map<string, string>, step: Step) {
  const answers = await Promise.all(Array.from({ length: step.atOnce ?? 1 }, () => send(bound, step)))
  for (const [name, place] of Object.entries(step.binds ?? {}))
    bound.set(name, String(valuesAt(answers[0]?.body, place)[0]))
  return { name: `${step.method} ${step.path}`, answers }
}

/** A value with what is bound in the places of its names. */
function filled(bound: ReadonlyMap<string, string>, value: unknown): unknown {
  const text = JSON.stringify(value).replaceAll(/\{(\w+)\}/g, (whole, name) => bound.get(name) ?? whole)
  return JSON.parse(text)
}

function wrongBodies({ body }: Step): unknown[] {
  if (body === undefined) return []
  const ofKeys = Object.entries(body).flatMap(([key, value]) => {
    const { [key]: _, ...without } = body
    const others = OTHERS.filter((other) => typeof other !== typeof value || other === '\ud800')
    return [without, ...others.map((other) => ({ ...body, [key]: other }))]
  })
  return [...ofKeys, null, 7, 'x', []]
}

/** What stands at a place of a value, such as `roles[].id`: of each element of a list. A key must be there, and may be null. */
function valuesAt(value: unknown, place: string): unknown[] {
  return place.split('.').reduce<unknown[]>(
    (values, part) => {
      const key = part.replace(/\[\]$/, '')
      const inner = values.flatMap((each) =>
        typeof each === 'object' && each !== null && Object.hasOwn(each, key) ? [Reflect.get(each, key)] : [],
      )
      return part.endsWith('[]') ? inner.flatMap((each) => (Array.isArray(each) ? each : [])) : inner
    },
    [value],
  )
}
