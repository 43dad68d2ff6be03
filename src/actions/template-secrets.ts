import { CaptureTag, type Context, type Emitter, type Liquid, Output, type Template, Token, TokenKind } from 'liquidjs'
import { MASK } from '../secrets/redact.ts'
import { storableText } from '../storable.ts'
import { TemplateFault, walk } from './template-engine.ts'

/** The secrets that a template may fill in. */
export type SecretUse = {
  /** By name; null shows each as `•••`. */
  values: Readonly<Record<string, string>> | null
  /** Takes every text that a secret went into: what its filters made of it is as secret as it is. */
  made: Set<string>
}

const NAME = /^[a-z][a-z0-9_]{0,63}$/

/** By the scope that a template is filled in from. */
const uses = new WeakMap<object, SecretUse>()

/** Lets the templates that are filled in from a scope use secrets. */
export function useSecrets(scope: object, use: SecretUse): void {
  uses.set(scope, use)
}

/**
 * Holds templates to the one way in which they may name a secret, `{{ secrets.name }}` with filters or without, and has each
 * such place tell what it made. Tags could copy a secret to where nobody looks for it, or say what it is letter by letter.
 *
 * @returns the names of the secrets that the templates fill in.
 * @throws TemplateFault
 */
export function guardSecrets(templates: Template[], liquid: Liquid, takesSecrets: boolean): string[] {
  const references = liquid.variableSegmentsSync(templates).filter(([root]) => root === 'secrets')
  if (references.length === 0) return []
  if (!takesSecrets)
    throw new TemplateFault('a secret can be used in url, headers and body of an http_request, and nowhere else')
  for (const [, name, ...rest] of references)
    if (typeof name !== 'string' || !NAME.test(name) || rest.length > 0)
      throw new TemplateFault('a secret is named as in {{ secrets.name }}')
  const outputs = new Set<Output>()
  walk(templates, liquid, (node, within) => {
    if (!isReference(node)) return
    const path = within()
    const output = path.find((each) => each instanceof Output)
    if (output === undefined || path.some((each) => each instanceof CaptureTag))
      throw new TemplateFault('a secret stands in {{ … }}: not in tags, and not in what is captured')
    outputs.add(output)
  })
  for (const output of outputs) tellWhatIsMade(output)
  return [...new Set(references.map(([, name]) => String(name)))]
}

/** Whether a part of a template is `secrets` with what follows. */
function isReference(node: object): boolean {
  if (!(node instanceof Token) || node.kind !== TokenKind.PropertyAccess || !('props' in node)) return false
  const [root]: unknown[] = Array.isArray(node.props) ? node.props : []
  return root instanceof Token && 'content' in root && root.content === 'secrets'
}

function tellWhatIsMade(output: Output): void {
  const render = output.render.bind(output)
  output.render = function* (context: Context, emitter: Emitter) {
    const use = uses.get(context.environments)
    if (use === undefined || use.values === null) {
      emitter.write(MASK)
      return
    }
    const before = emitter.buffer.length
    // Nowhere else are they in scope: what names them in a way that nobody foresaw finds nothing.
    context.push({ secrets: use.values })
    yield* render(context, emitter)
    context.pop()
    const made = emitter.buffer.slice(before)
    use.made.add(made)
    use.made.add(storableText(made).text)
  }
}
