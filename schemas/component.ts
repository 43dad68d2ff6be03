import {
  type ObjectOptions,
  type SchemaOptions,
  type Static,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from '@sinclair/typebox'

/** A schema with the name under which it stands in the document. */
export type Component = TSchema & { $id: string }

/** Gives a schema the name under which it stands in the document and in generated clients. */
export function component<T extends TSchema>(name: string, schema: T): T & { $id: string } {
  return Object.assign(schema, { $id: name })
}

/** Refers to a component by its name. A description beside a `$ref` is ignored by readers of OpenAPI 3.0. */
export function ref<T extends Component>(schema: T): TUnsafe<Static<T>> {
  return Type.Unsafe<Static<T>>({ $ref: schema.$id })
}

/** Refers to a component that is made elsewhere, of the kinds there are, by its name. */
export function named<T>(name: string): TUnsafe<T> {
  return Type.Unsafe<T>({ $ref: name })
}

/** An object that refuses keys it does not know. */
export function closed<T extends TProperties>(properties: T, options: ObjectOptions = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

/**
 * OpenAPI 3.0 has no null type: a value that may be null says so beside its type, which a `$ref` can't. An object is written
 * out, with a `title` that names it in generated clients.
 */
export function nullable<T extends TSchema>(schema: T): TUnsafe<Static<T> | null> {
  return Type.Unsafe<Static<T> | null>({ ...schema, nullable: true })
}

/**
 * One of several components, told apart by the value of the property `tag`, which each of them gives as an enum of one
 * value. What the document says of it besides, the `mapping`, plugins/core/openapi-document.ts adds: Ajv refuses it.
 */
export function taggedUnion<const T extends readonly Component[]>(
  tag: string,
  variants: T,
  options: SchemaOptions = {},
): TUnsafe<Static<T[number]>> {
  return Type.Unsafe<Static<T[number]>>({
    type: 'object',
    oneOf: variants.map(({ $id }) => ({ $ref: $id })),
    discriminator: { propertyName: tag },
    ...options,
  })
}

/** A string out of a fixed set, as one enum: a union of literals would become `anyOf` and read badly in clients. */
export function stringEnum<const T extends string>(values: readonly T[], options: SchemaOptions = {}): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...options })
}

export function uuid(description: string): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', format: 'uuid', description })
}

/** RFC 3339 in UTC with milliseconds. Postgres hands it over as a Date, which the serializer writes out. */
export function timestamp(description: string): TUnsafe<Date> {
  return Type.Unsafe<Date>({ type: 'string', format: 'date-time', description })
}

/** A character that can be seen: not white space to JavaScript or to Postgres, no control, and not without width. */
export const VISIBLE = '[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u180e\\u200b-\\u200f\\u2060-\\u2064]'

/** Text that says something: at least one character of it can be seen. */
export function visibleText(maxLength: number, options: SchemaOptions = {}): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', minLength: 1, maxLength, pattern: VISIBLE, ...options })
}

/** The response of a 204. */
export const NoContent = Type.Null({ description: 'Done; there is nothing to say.' })
