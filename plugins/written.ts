import { type TSchema, type TUnsafe, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { type JsonText, jsonText } from '../db/json.ts'

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
  reply.type('application/json; charset=utf-8')
  const text = Object.entries(members).map(([key, json]) => `${JSON.stringify(key)}:${json}`)
  return jsonText(`{${text.join(',')}}`)
}
