/**
 * Every set by name, and every derived set by its algebra. The algebra is data: the same expression is evaluated here,
 * printed for people, and printed as the coreutils line that gives the same bytes, so that anybody can check a pass with
 * nothing but a shell.
 */
import { DOMAIN_KINDS } from '@trivet/shared/model/observation.ts';
import { FAULT_CLASSES } from '@trivet/shared/model/finding.ts';
import { REFUSAL_CODES } from '@trivet/shared/model/plan.ts';
import { EMPTY, intersect, subtract, union, type NodeSet } from './node-set.ts';

export type Expression =
  | { readonly op: 'set'; readonly name: string }
  | { readonly op: 'union' | 'intersect' | 'subtract'; readonly args: readonly Expression[] };

function set(name: string): Expression {
  return { op: 'set', name };
}

type Operand = string | Expression;

function operation(op: 'union' | 'intersect' | 'subtract', args: readonly Operand[]): Expression {
  return { op, args: args.map((arg) => (typeof arg === 'string' ? set(arg) : arg)) };
}

const any = (...args: Operand[]): Expression => operation('union', args);
const all = (...args: Operand[]): Expression => operation('intersect', args);
/** The first, less each of the others. */
const minus = (...args: Operand[]): Expression => operation('subtract', args);

/** Sets that are read off the legs and the durable state, node by node. */
export const PRIMARY_SETS = [
  ...group('inventory', ['all', 'managed', 'in-service', 'in-repair', 'spare', 'decommissioned', 'expected']),
  ...group('inventory', ['hands-off', 'protected', 'drain-requested', 'ticketed-by-us', 'ticketed-by-others']),
  ...group('telemetry', ['reporting', 'stale', 'silent', 'unhealthy', 'unknown', 'degraded', 'healthy']),
  ...group('telemetry', ['settled', 'hard-finding']),
  ...group('fault', FAULT_CLASSES),
  ...group('cluster', ['in-service', 'cordoned-by-us', 'cordoned-by-others', 'down']),
  ...group('cluster', ['not-ready', 'draining', 'drained', 'busy']),
  ...group('drift', ['identity-mismatch', 'identity-pending', 'gpu-count-mismatch', 'orphan-mark']),
  ...group(
    'drift',
    DOMAIN_KINDS.map((kind) => `no-${kind}`),
  ),
  ...group('state', ['on-hold', 'in-flight', 'lemon']),
];

function group(name: string, sets: readonly string[]): string[] {
  return sets.map((set) => `${name}/${set}`);
}

/** Sets that the planner makes: what is planned, and who is refused for which reason. */
export const DECISION_SETS = ['plan/drain', ...REFUSAL_CODES.map((code) => `refused/${code}`)];

const NEVER_ACTED_ON = [
  'inventory/hands-off',
  'inventory/protected',
  'inventory/ticketed-by-others',
  'state/on-hold',
  'drift/identity-mismatch',
  'drift/identity-pending',
];

/** In an order in which each uses only those before it. */
export const DERIVED_SETS: readonly (readonly [name: string, expression: Expression])[] = [
  ['derived/heard', any('telemetry/reporting', 'telemetry/stale')],
  ['derived/universe', any('derived/heard', 'telemetry/silent')],
  ['cluster/known', any('cluster/in-service', 'cluster/cordoned-by-us', 'cluster/cordoned-by-others', 'cluster/down')],
  ['cluster/idle', minus('cluster/known', 'cluster/busy')],
  ['drift/inventory-only', minus('inventory/all', 'cluster/known', 'derived/heard')],
  ['drift/cluster-only', minus('cluster/known', 'inventory/all')],
  ['drift/telemetry-only', minus('derived/heard', 'inventory/all', 'cluster/known')],
  ['drift/in-service-but-silent', all('cluster/in-service', any('telemetry/silent', 'telemetry/stale'))],
  ['drift/repair-but-in-service', all('inventory/in-repair', 'cluster/in-service')],
  ['drift/managed-but-down', all('inventory/managed', 'cluster/down')],
  [
    'derived/out-of-service',
    any(
      all(
        'inventory/expected',
        any(
          'inventory/in-repair',
          'cluster/cordoned-by-us',
          'cluster/cordoned-by-others',
          'cluster/down',
          'state/in-flight',
        ),
      ),
      minus('inventory/expected', 'cluster/known'),
      minus('inventory/expected', 'inventory/all'),
    ),
  ],
  [
    'drift/out-without-ticket',
    minus('derived/out-of-service', 'inventory/ticketed-by-us', 'inventory/ticketed-by-others'),
  ],
  [
    'derived/doubtful',
    minus(
      all('inventory/expected', any('telemetry/silent', 'telemetry/stale', 'telemetry/unknown')),
      'derived/out-of-service',
    ),
  ],
  ['derived/suspect', any('telemetry/unhealthy', 'telemetry/hard-finding', 'inventory/drain-requested')],
  [
    'derived/candidate-drain',
    minus(
      all(
        'inventory/managed',
        'cluster/in-service',
        'telemetry/reporting',
        any('telemetry/unhealthy', 'inventory/drain-requested'),
      ),
      ...NEVER_ACTED_ON,
      'state/in-flight',
    ),
  ],
  [
    'derived/candidate-window',
    minus(
      all('inventory/managed', 'cluster/in-service', 'telemetry/reporting', 'fault/reset-at-next-window'),
      ...NEVER_ACTED_ON,
      'state/in-flight',
    ),
  ],
  [
    'derived/candidate-return',
    minus(
      all('inventory/managed', 'cluster/cordoned-by-us', 'cluster/drained', 'telemetry/reporting', 'telemetry/settled'),
      'cluster/not-ready',
      'inventory/in-repair',
      'inventory/ticketed-by-us',
      ...NEVER_ACTED_ON,
      'state/lemon',
    ),
  ],
  [
    'derived/candidate-handover',
    minus(
      all('inventory/expected', any('cluster/not-ready', 'telemetry/silent')),
      'inventory/ticketed-by-us',
      'inventory/ticketed-by-others',
    ),
  ],
  ['derived/unavailable', any('derived/out-of-service', 'derived/doubtful')],
];

/** Made after the decision, from it. */
export const OUTCOME_SETS: readonly (readonly [name: string, expression: Expression])[] = [
  ['derived/unavailable-after', any('derived/unavailable', 'plan/drain')],
  ['derived/suspect-out-of-service', all('derived/suspect', 'derived/out-of-service')],
  ['derived/refused', any(...REFUSAL_CODES.map((code) => `refused/${code}`))],
  ['derived/accounted', any('plan/drain', 'derived/refused', 'derived/suspect-out-of-service')],
];

/** The closed list: no other set is ever written. */
export const SET_NAMES: readonly string[] = [
  ...PRIMARY_SETS,
  ...DECISION_SETS,
  ...[...DERIVED_SETS, ...OUTCOME_SETS].map(([name]) => name),
].sort();

export type Sets = ReadonlyMap<string, NodeSet>;

const OPERATIONS = { union, intersect, subtract };

/** A name that nobody made is a defect in the table above, never an empty set. */
export function evaluate(expression: Expression, sets: Sets): NodeSet {
  if (expression.op === 'set') {
    const found = sets.get(expression.name);
    if (found === undefined) throw new Error(`no such set: ${expression.name}`);
    return found;
  }
  const [first, ...rest] = expression.args.map((arg) => evaluate(arg, sets));
  return rest.reduce(OPERATIONS[expression.op], first ?? EMPTY);
}

export function withDerived(sets: Sets, table: typeof DERIVED_SETS): Sets {
  const out = new Map(sets);
  for (const [name, expression] of table) out.set(name, evaluate(expression, out));
  return out;
}

const SIGNS = { union: ' ∪ ', intersect: ' ∩ ', subtract: ' − ' };

export function printAlgebra(expression: Expression, nested = false): string {
  if (expression.op === 'set') return expression.name;
  const text = expression.args.map((arg) => printAlgebra(arg, true)).join(SIGNS[expression.op]);
  return nested ? `(${text})` : text;
}

/** A bash line of `comm` and `sort -mu` that prints the set, run in the pass folder. */
export function printShell(expression: Expression): string {
  return `export LC_ALL=C; ${shell(expression)}`;
}

function shell(expression: Expression): string {
  if (expression.op === 'set') return `sort -mu sets/${expression.name}`;
  const files = expression.args.map(shellFile);
  if (expression.op === 'union') return `sort -mu ${files.join(' ')}`;
  const [first = '', ...rest] = files;
  const flags = expression.op === 'intersect' ? '-12' : '-23';
  // comm takes two files: fold the rest in from the left.
  return rest.reduce((line, file, index) => `comm ${flags} ${index === 0 ? line : `<(${line})`} ${file}`, first);
}

function shellFile(expression: Expression): string {
  return expression.op === 'set' ? `sets/${expression.name}` : `<(${shell(expression)})`;
}

/** `set TAB algebra TAB shell line`, every derived set. */
export function printRecipes(): string {
  return [...DERIVED_SETS, ...OUTCOME_SETS]
    .map(([name, expression]) => `${name}\t${printAlgebra(expression)}\t${printShell(expression)}\n`)
    .join('');
}
