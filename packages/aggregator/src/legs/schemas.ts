/** The rows of the three legs as they come from files and other programs: parsed here once, trusted afterwards. */
import { z } from 'zod';
import { NODE_NAME, NODE_NAME_RULE } from '@trivet/shared/protocol/limits.ts';
import { id, text as anyText } from '@trivet/shared/protocol/primitives.ts';
import { finding, hardware, signal } from '@trivet/shared/protocol/report-schema.ts';
import { LIFECYCLES, type ClusterRow, type InventoryRow, type TelemetryRow } from '@trivet/shared/model/observation.ts';
import { VERDICTS } from '@trivet/shared/model/finding.ts';

const nodeName = z.string('missing: name the node').regex(NODE_NAME, `is not a node name (${NODE_NAME_RULE})`);
/** Names and sentences that people wrote. */
const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ offset: true });
const orNull = <Type extends z.ZodType>(schema: Type) => schema.nullable().default(null);

/** Two columns that decide safety, and one that decides what is ours: a row without them says nothing, so it is refused. */
const REQUIRED = {
  lifecycle: `missing or not one of ${LIFECYCLES.join(', ')}: state it for every node`,
  protected: 'missing or not true/false: state for every node whether it is protected',
  handsOff: 'missing: state null, or { until, by, why }, for every node',
};

/** A word; `rack` and its like have sets and columns of their own, any other counts as much. */
export const domainKind = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'is no kind of failure domain: a lower-case word');

/** A misspelt `ticket` would be no ticket: so what is not known is refused, unless it says that it is the site's own. */
function columns<Shape extends z.ZodRawShape>(shape: Shape) {
  const error = ({ code, keys }: { readonly code?: string; readonly keys?: readonly string[] }) =>
    code === 'unrecognized_keys'
      ? `has no column ${keys?.join(', ') ?? ''}: correct it, or begin its name with x-`
      : undefined;
  return z.preprocess(withoutOwnColumns, z.strictObject(shape, { error }));
}

function withoutOwnColumns(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith('x-')));
}

export const inventoryRowSchema: z.ZodType<InventoryRow> = columns({
  node: nodeName,
  lifecycle: z.enum(LIFECYCLES, { error: REQUIRED.lifecycle }),
  pool: orNull(text),
  role: orNull(text),
  protected: z.boolean({ error: REQUIRED.protected }),
  handsOff: z.strictObject({ until: orNull(time), by: text, why: text }, { error: REQUIRED.handsOff }).nullable(),
  drainRequested: z.boolean().default(false),
  ticket: orNull(z.strictObject({ id: text, by: text, url: orNull(text) })),
  serial: orNull(text),
  gpus: orNull(z.object({ model: text, count: z.int().min(0).max(1024) })),
  domains: z.record(domainKind, text).default({}),
  group: orNull(text),
});

export const clusterRowSchema: z.ZodType<ClusterRow> = columns({
  node: nodeName,
  uid: orNull(text),
  ready: z.boolean(),
  schedulable: z.boolean(),
  cordon: z
    .object({ by: z.enum(['us', 'others']), who: orNull(text), since: orNull(time), mark: orNull(text) })
    .nullable(),
  drained: z.boolean(),
  work: z.array(
    z.strictObject({
      id: text,
      kind: text,
      gang: orNull(text),
      gpus: z.number().min(0),
      class: text,
      protectedBy: z.array(text).default([]),
    }),
  ),
  allocatableGpus: orNull(z.number().min(0)),
  labels: z.record(z.string(), z.string()).default({}),
  reason: orNull(anyText),
});

export const telemetryRowSchema: z.ZodType<TelemetryRow> = columns({
  node: nodeName,
  receivedAt: time,
  takenAt: orNull(time),
  bootId: id,
  hardware,
  verdict: z.enum(VERDICTS),
  findings: z.array(finding),
  signals: z.array(signal),
  versions: z.object({ agent: orNull(text), driver: orNull(text), firmware: orNull(text) }),
});
