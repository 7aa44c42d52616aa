/** Reads fields out of parsed JSON of unknown shape; what is missing or of another type throws `Malformed`. */

import { type Fields, isFields } from './json'

export class Malformed extends Error {}

export function object(value: unknown): Fields {
  if (!isFields(value)) throw new Malformed()
  return value
}

export function string(fields: Fields, key: string): string {
  const value = fields[key]
  if (typeof value !== 'string') throw new Malformed()
  return value
}

export function number(fields: Fields, key: string): number {
  const value = fields[key]
  if (typeof value !== 'number') throw new Malformed()
  return value
}

export function boolean(fields: Fields, key: string): boolean {
  const value = fields[key]
  if (typeof value !== 'boolean') throw new Malformed()
  return value
}

export function optional<T>(fields: Fields, key: string, read: (fields: Fields, key: string) => T): T | undefined {
  const value = fields[key]
  return value === undefined || value === null ? undefined : read(fields, key)
}

export function oneOf<K extends string>(fields: Fields, key: string, known: Readonly<Record<K, 0>>): K {
  const value = string(fields, key)
  if (!isKeyOf(known, value)) throw new Malformed()
  return value
}

function isKeyOf<K extends string>(known: Readonly<Record<K, 0>>, value: string): value is K {
  return Object.hasOwn(known, value)
}

export function list<T>(fields: Fields, key: string, read: (item: Fields) => T): T[] {
  const value = fields[key]
  if (!Array.isArray(value)) throw new Malformed()
  return value.map((item: unknown) => read(object(item)))
}
