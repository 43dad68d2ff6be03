import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'

type Build = ReturnType<typeof SerializerSelector>
type Serializer = ReturnType<ReturnType<Build>>

/**
 * Fastify's own serializers, each built with the first answer that needs it, and once for all responses that have its schema. Every
 * operation answers a dozen statuses with the same error, and building a serializer reads all components: without this, that is most
 * of the time of a start, and what was built for answers that are never given is most of what a start leaves in memory.
 */
export function buildSerializersOnce(): Build {
  const build = SerializerSelector()
  const made = new Map<string, Serializer>()
  return (externalSchemas, options) => {
    const compile = build(externalSchemas, options)
    // Each plugin has a compiler of its own; what it may refer to by name is nearly always the same.
    const names = Object.keys(externalSchemas ?? {}).join()
    return (route) => {
      const key = `${names} ${JSON.stringify(route.schema)}`
      const serializer = made.get(key) ?? builtWhenNeeded(() => compile(route))
      made.set(key, serializer)
      return serializer
    }
  }
}

function builtWhenNeeded(build: () => Serializer): Serializer {
  let built: Serializer | undefined
  return (value) => {
    built ??= build()
    return built(value)
  }
}
