import { type TSchema, type TUnsafe, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { type JsonText, jsonText } from '../db/json.ts'

/** Of JSON that Fastify writes, and that it leaves alone where it is written already. */
export const JSON_TYPE = 'application/json; charset=utf-8'

/** The response schema of a handler that returns JSON which Postgres wrote: it goes out as it is. */
export function written<T extends TSchema & { $id: string }>(schema: T): TUnsafe<JsonText> {
  return Type.Unsafe<JsonText>({ $ref: schema.$id })
}

/**
 * An object around JSON that is written already, and the content type that tells Fastify to leave it alone.
 *
 * @param members JSON text by key.
 */
export function writeObject(reply: FastifyReply, members: Record<string, JsonText>): JsonText {
  reply.type(JSON_TYPE)
  return jsonText(`{${Object.entries(members).map(memberOf).join(',')}}`)
}

/** A member of an object. */
export function memberOf([key, json]: [string, JsonText]): string {
  return `${JSON.stringify(key)}:${json}`
}
