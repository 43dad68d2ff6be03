import { CaptureTag, type Context, type Emitter, Output, Token, TokenKind } from 'liquidjs'
import { MASK } from '../secrets/redact.ts'
import { storableText } from '../storable.ts'
import type { Visit } from './template-engine.ts'
import { TemplateFault } from './template-fault.ts'

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
 * @returns what visits each part of a template and throws TemplateFault, and what adds up afterwards: the names of the secrets that
 *   the template fills in.
 */
export function guardSecrets(): { visit: Visit; finish(): string[] } {
  const outputs = new Map<Output, Set<string>>()
  return {
    visit(node, within) {
      const props = propsOfReference(node)
      if (props === undefined) return
      const [name, ...rest] = props
      if (typeof name !== 'string' || !NAME.test(name) || rest.length > 0)
        throw new TemplateFault('a secret is named as in {{ secrets.name }}')
      const path = within()
      const output = path.find((each) => each instanceof Output)
      if (output === undefined || path.some((each) => each instanceof CaptureTag))
        throw new TemplateFault('a secret stands in {{ … }}: not in tags, and not in what is captured')
      outputs.set(output, (outputs.get(output) ?? new Set()).add(name))
    },
    finish() {
      for (const [output, names] of outputs) tellWhatIsMade(output, names)
      return [...new Set([...outputs.values()].flatMap((names) => [...names]))]
    },
  }
}

/** What follows `secrets` where a part of a template is that: a text where it stands there as one. */
function propsOfReference(node: object): unknown[] | undefined {
  if (!(node instanceof Token) || node.kind !== TokenKind.PropertyAccess || !('props' in node)) return
  if (!Array.isArray(node.props)) return
  const [root, ...props] = node.props.map(contentOf)
  return root === 'secrets' ? props : undefined
}

function contentOf(token: unknown): unknown {
  return token instanceof Token && 'content' in token ? token.content : undefined
}

/** @param names those that it names: others can't be had by a name that is made up as it is filled in. */
function tellWhatIsMade(output: Output, names: ReadonlySet<string>): void {
  const render = output.render.bind(output)
  output.render = function* (context: Context, emitter: Emitter) {
    const use = uses.get(context.environments)
    if (use === undefined || use.values === null) {
      emitter.write(MASK)
      return
    }
    const before = emitter.buffer.length
    // Nowhere else are they in scope: what names them in a way that nobody foresaw finds nothing.
    context.push({ secrets: Object.fromEntries(Object.entries(use.values).filter(([name]) => names.has(name))) })
    yield* render(context, emitter)
    context.pop()
    const made = emitter.buffer.slice(before)
    use.made.add(made)
    use.made.add(storableText(made).text)
  }
}
