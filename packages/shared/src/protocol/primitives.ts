/** Shapes that the others are made of: identifiers, texts, times and readings, each with its bound. */
import { z } from 'zod';
import { ID_MAX, TEXT_MAX } from './limits.ts';

// A control byte in an identifier would reach file names, tables and terminals.
const PRINTABLE = /^[^\p{Cc}]*$/u;

export const id = z.string().min(1).max(ID_MAX).regex(PRINTABLE, 'has a control character: send the identifier alone');
export const text = z.string().max(TEXT_MAX);
export const time = z.iso.datetime('is not a UTC time: send ISO 8601 with Z, 2026-11-20T17:00:00.123Z');
export const name = z.string().max(ID_MAX).regex(PRINTABLE, 'has a control character: send the name alone').nullable();
export const count = z.int().min(0);

export function reading<T extends z.ZodType>(value: T) {
  // Strict: with both keys, or neither, it would be read as whichever came first.
  const shapes = [z.strictObject({ value }), z.strictObject({ unknown: text })] as const;
  return z.union(shapes, 'is not a reading: send {"value": …} or {"unknown": "the reason"}');
}
export const numberReading = reading(z.number());
export const booleanReading = reading(z.boolean());
export const textReading = reading(text);
