/**
 * What a site check printed, checked by hand and strictly: one JSON object with known keys, or it could not tell. A key that is
 * misspelt is told at once, instead of being left out of a fault for years.
 */
import { SITE_CLASSES, SITE_TEXT_MAX, SITE_VALUES_MAX } from '@trivet/shared/model/site.ts';
import type { SiteCheckResult, SiteClass } from '@trivet/shared/model/site.ts';
import type { GpuRef } from '@trivet/shared/model/finding.ts';
import { normaliseBusId } from './nvidia-list.ts';

export type SiteTold = Pick<SiteCheckResult, 'state' | 'text' | 'class' | 'gpu' | 'values'>;

const KEYS: ReadonlySet<string> = new Set(['state', 'text', 'class', 'gpu', 'values']);
const GPU_KEYS: ReadonlySet<string> = new Set(['uuid', 'pciBusId']);
/** A label of a metric: what Prometheus takes as a name. */
const VALUE_NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** `GPU-` and 36 characters at most, and what other vendors print. */
const UUID = /^[A-Za-z0-9-]{1,64}$/;

/** Why it cannot be told what the check says. */
export function couldNotTell(reason: string): SiteTold {
  return { state: 'unknown', text: reason.slice(0, SITE_TEXT_MAX), class: null, gpu: null, values: {} };
}

export function readSiteResult(stdout: string): SiteTold {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    const shown = stdout.trim() === '' ? 'nothing' : quote(stdout);
    return couldNotTell(`printed ${shown} instead of one JSON object, for example {"state":"ok","text":"fine"}`);
  }
  try {
    return readObject(record(value, 'the result'));
  } catch (error) {
    return couldNotTell(`its result is not understood: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readObject(result: Readonly<Record<string, unknown>>): SiteTold {
  onlyKeys(result, KEYS, 'the result');
  const { state, text } = result;
  if (state !== 'ok' && state !== 'fault' && state !== 'unknown')
    throw new Error(`state is ${quote(state)}: write ok, fault or unknown`);
  if (typeof text !== 'string' || text.trim() === '')
    throw new Error('text is missing: say in a few words what was seen');
  if (text.length > SITE_TEXT_MAX) throw new Error(`text has ${text.length} characters; at most ${SITE_TEXT_MAX}`);
  // Read whatever the state, so that a mistake is found before the day of the fault.
  const faultClass = readClass(result['class']);
  const gpu = readGpu(result['gpu']);
  const values = readValues(result['values']);
  const isFault = state === 'fault';
  return {
    state,
    text: text.toWellFormed(),
    class: isFault ? faultClass : null,
    gpu: isFault ? gpu : null,
    values: state === 'unknown' ? {} : values,
  };
}

function readClass(value: unknown): SiteClass {
  if (value === undefined) return 'watch';
  const found = SITE_CLASSES.find((name) => name === value);
  if (found === undefined) throw new Error(`class is ${quote(value)}: write one of ${SITE_CLASSES.join(', ')}`);
  return found;
}

function readGpu(value: unknown): GpuRef | null {
  if (value === undefined) return null;
  const gpu = record(value, 'gpu');
  onlyKeys(gpu, GPU_KEYS, 'gpu');
  const { uuid, pciBusId } = gpu;
  if (uuid !== undefined && (typeof uuid !== 'string' || !UUID.test(uuid)))
    throw new Error(`gpu.uuid is ${quote(uuid)}, which is no UUID`);
  const busId = typeof pciBusId === 'string' && pciBusId.length <= 16 ? normaliseBusId(pciBusId) : null;
  if (pciBusId !== undefined && busId === null)
    throw new Error(`gpu.pciBusId is ${quote(pciBusId)}: write it as 0000:1b:00.0`);
  if (uuid === undefined && busId === null) throw new Error('gpu names none: give uuid or pciBusId');
  return { uuid: uuid ?? null, pciBusId: busId };
}

function readValues(value: unknown): SiteTold['values'] {
  if (value === undefined) return {};
  const entries = Object.entries(record(value, 'values'));
  if (entries.length > SITE_VALUES_MAX)
    throw new Error(`values has ${entries.length} entries; at most ${SITE_VALUES_MAX}`);
  return Object.fromEntries(
    entries.map(([name, number]) => {
      if (!VALUE_NAME.test(name))
        throw new Error(`values has ${quote(name)}: a name is a-z, 0-9 and _, from a letter on`);
      if (typeof number !== 'number' || !Number.isFinite(number)) throw new Error(`values.${name} is no number`);
      return [name, number];
    }),
  );
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no JSON object`);
  return { ...value };
}

function onlyKeys(value: object, known: ReadonlySet<string>, what: string): void {
  const other = Object.keys(value).find((key) => !known.has(key));
  if (other !== undefined) throw new Error(`${what} has ${quote(other)}: its keys are ${[...known].join(', ')}`);
}

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : `(${value === null ? 'null' : typeof value})`;
}
