/**
 * Kernel logs: captured lines and lines of our own, damaged, with a fatal one among them that nobody touched. Whatever stands
 * around it, it has to be seen; and the same words from user space must not be.
 */
import type { Random } from '@trivet/simulator/random.ts';
import type { KernelLogKind } from './node.ts';
import { look } from './node.ts';
import { TEXT_MUTATIONS } from './mutate-text.ts';
import { seedsIn } from './seeds.ts';
import type { Outcome, Subject } from './subject.ts';

/** In no captured line: nothing that stands there closes what is seen of it. */
const ADDRESS = '0000:f7:00';

/** Faults that need no other line to be told, and their codes. */
const FATAL: readonly (readonly [text: string, code: string])[] = [
  [`NVRM: Xid (PCI:${ADDRESS}): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.`, 'xid.79'],
  [`NVRM: Xid (PCI:${ADDRESS}): 79, GPU has fallen off the bus.`, 'xid.79'],
  [
    `NVRM: Xid (PCI:${ADDRESS}): 95, pid=1234, name=python3, Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No`,
    'xid.95',
  ],
  [
    `NVRM: Xid (PCI:${ADDRESS}): 119, pid=77, name=nvidia-smi, Timeout after 45s of waiting for RPC response from GPU0 GSP!`,
    'xid.119',
  ],
];

/** Without a corpus there are at least these. */
const OWN = [
  `NVRM: Xid (PCI:0000:1b:00): 13, pid=4242, name=a,b c, Graphics Exception: ESR 0x50c648=0x1`,
  'NVRM: Xid (PCI:0000:1b:00 GPU-I:05 GPU-CI:01): 43, pid=4242, name=python3, Ch 00000008',
  'NVRM: Xid (PCI:0000:2f:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)',
  'NVRM: GPU at PCI:0000:1b:00: GPU-00000000-0000-4000-8000-000000000001',
  'NVRM: GPU Board Serial Number: 1650000000001',
  'NVRM: The NVIDIA GPU 0000:2f:00.0',
  'NVRM: (PCI ID: 10de:2330) installed in this system has',
  'NVRM: fallen off the bus and is not responding to commands.',
  'nvidia-nvswitch3: SXid (PCI:0000:16:00.0): 20034, Fatal, Link 20 LTSSM Fault Up',
  'nvidia-nvswitch3: SXid (PCI:0000:16:00.0): 20034, Severity 1 Engine instance 20 Sub-engine instance 00',
  'INFO: task nvidia-smi:4242 blocked for more than 120 seconds.',
  'EXT4-fs (sda1): mounted filesystem with ordered data mode',
];

export function kernelSubject(): Subject {
  const captured = seedsIn('kmsg', /\.txt$/).flatMap(({ text }) => text.split('\n').filter((line) => line !== ''));
  return { name: 'kernel-log', weight: 2, run: (random) => run(random, [...OWN, ...captured]) };
}

/** As a kernel prints it, and as programs keep it. */
function framed(text: string, random: Random): string {
  return random.pick([
    text,
    `<4>[ 1234.567890] ${text}`,
    `[  12.000001] ${text}`,
    `Nov 20 16:59:58 node-7 kernel: ${text}`,
    `2026-11-20T16:59:58.123456+00:00 node-7 kernel: [  900.000001] ${text}`,
    `kern  :warn  : [Fri Nov 20 16:59:58 2026] ${text}`,
  ]);
}

/** Words that a program wrote, in the same framings. */
function forged(text: string, random: Random): string {
  return random.pick([
    `Nov 20 16:59:58 node-7 python3[4242]: ${text}`,
    `2026-11-20T16:59:58.123456+00:00 node-7 systemd[1]: ${text}`,
    `12,4711,12345678,-;${text}`,
    `app says: ${text}`,
  ]);
}

async function run(random: Random, lines: readonly string[]): Promise<Outcome> {
  const kind: KernelLogKind = random.pick(['file', 'device']);
  const around = Array.from({ length: random.int(12) }, () => damaged(random.pick(lines), random));
  const [text, code] = random.pick(FATAL);
  const isReal = random.int(2) === 0;
  const row = isReal ? framed(text, random) : forged(text, random);
  const at = random.int(around.length + 1);
  const rows = kind === 'file' ? around.toSpliced(at, 0, row) : records(around.map(oneLine), at, isReal ? text : null);
  const { findings, verdict } = await look({ others: [], pciGpus: [], kernelLog: { kind, rows } });
  const seen = findings.some((finding) => finding.code === code && finding.gpu?.pciBusId === `${ADDRESS}.0`);
  const failures = [
    ...(isReal && !seen ? [`${code} was not seen`] : []),
    ...(isReal && verdict !== 'unhealthy' ? [`${verdict} after ${code}`] : []),
    ...(!isReal && seen ? [`${code} was seen, and user space wrote it`] : []),
  ];
  const made = `${rows.length} rows of a ${kind}, ${isReal ? code : 'a forged one'} at ${at}`;
  return { made, input: rows.join('\n'), failures, verdict };
}

function damaged(line: string, random: Random): string {
  const rounds = random.pick([0, 1, 1, 2, 4]);
  let text = line;
  for (let round = 0; round < rounds; round++) text = random.pick(Object.values(TEXT_MUTATIONS))(text, random);
  return text;
}

function oneLine(text: string): string {
  return text.replaceAll('\n', String.raw`\x0a`);
}

/** The kernel numbers its records itself; what stands in them is damaged. One of user space where `fatal` is null. */
function records(around: readonly string[], at: number, fatal: string | null): string[] {
  const texts = around.map((text) => `4,#,12345,${text.length % 7 === 0 ? 'c' : '-'};${text}`);
  const row = fatal === null ? `12,#,12345,-;${FATAL[0]?.[0] ?? ''}` : `4,#,12345,-;${fatal}`;
  return texts.toSpliced(at, 0, row).map((record, seq) => record.replace('#', String(seq + 1)));
}
