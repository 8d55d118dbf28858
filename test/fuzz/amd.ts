/** amd-smi with its subcommands, and rocm-smi's cards of the corpus: JSON, damaged, beside what PCI shows. */
import { AmdSmiCollector } from '@trivet/agent/collectors/amd-smi.ts';
import type { CommandResult } from '@trivet/agent/os/command.ts';
import { amdSense } from '@trivet/agent/senses.ts';
import type { Random } from '@trivet/simulator/random.ts';
import { AMD_BUS_IDS, AMD_DOCUMENTS } from './amd-documents.ts';
import type { AmdPart } from './amd-documents.ts';
import { whyNotHealthyAmd } from './amd-oracle.ts';
import { mutateJson } from './mutate-json.ts';
import { TEXT_MUTATIONS } from './mutate-text.ts';
import { exited, look } from './node.ts';
import { seedsIn } from './seeds.ts';
import type { Outcome, Subject } from './subject.ts';

export function amdSubject(): Subject {
  const rocm = seedsIn('rocm-smi', /\.(json|txt)$/).map(({ text }) => text);
  const others = [...Object.values(AMD_DOCUMENTS), ...seedsIn('amd-smi', /\.(json|txt)$/).map(({ text }) => text)];
  return {
    name: 'amd-smi',
    weight: 3,
    run: (random) => (rocm.length > 0 && random.int(4) === 0 ? runRocm(random, rocm) : runAmd(random, others)),
  };
}

const PARTS: readonly AmdPart[] = ['metric', 'list', 'static', 'bad-pages'];
const PCI = AMD_BUS_IDS.map((pciBusId) => ({ vendor: 'amd' as const, pciBusId }));
const NO_SYS = '/nonexistent';

async function runAmd(random: Random, others: readonly string[]): Promise<Outcome> {
  const parts: Record<AmdPart, string> = { ...AMD_DOCUMENTS };
  const part = random.pick<AmdPart>(['metric', 'metric', 'metric', 'list', 'static', 'bad-pages']);
  parts[part] = random.int(12) === 0 ? random.pick(others) : damaged(parts[part], random, random.pick(others));
  const code = random.pick([0, 0, 0, 0, 0, 1, 255, null]);
  const { verdict } = await assessed('amd-smi', (args) => {
    const asked = PARTS.find((name) => name === args[0]);
    if (asked === undefined) return exited(2, '');
    return exited(asked === part ? code : 0, parts[asked]);
  });
  const whole = part === 'metric' ? whyNotHealthyAmd(parts.metric, code, PCI.length) : [];
  const failures = verdict === 'healthy' ? whole.map((reason) => `healthy, although ${reason}`) : [];
  return { made: `${part} damaged, exit ${code}`, input: parts[part], failures, verdict };
}

/** What must hold of rocm-smi is only that it is survived: its texts have no shape that a second reader could be strict about. */
async function runRocm(random: Random, documents: readonly string[]): Promise<Outcome> {
  const text = damaged(random.pick(documents), random, random.pick(documents));
  const code = random.pick([0, 0, 2, 255, null]);
  const table = random.pick(['', '======= RAS Info =======\n', 'garbage\0']);
  const { verdict } = await assessed('rocm-smi', (args) =>
    args.includes('--json') ? exited(code, text) : exited(0, damaged(table, random, '')),
  );
  const isEmpty = !text.includes('card');
  const failures = verdict === 'healthy' && (code === null || isEmpty) ? ['healthy without a description'] : [];
  return { made: `rocm-smi damaged, exit ${code}`, input: text, failures, verdict };
}

function assessed(tool: 'amd-smi' | 'rocm-smi', answer: (args: readonly string[]) => CommandResult) {
  const collector = new AmdSmiCollector({
    amdSmi: tool === 'amd-smi' ? tool : null,
    rocmSmi: tool === 'rocm-smi' ? tool : null,
    run: ({ args }) => Promise.resolve(answer(args)),
    sys: NO_SYS,
  });
  return look({ others: [amdSense(collector)], pciGpus: PCI, kernelLog: null });
}

function damaged(text: string, random: Random, other: string): string {
  const rounds = random.pick([0, 1, 1, 2, 4]);
  let changed = text;
  for (let round = 0; round < rounds; round++) {
    const isGentle = random.int(3) > 0;
    changed = isGentle
      ? mutateJson(changed, random, other)
      : random.pick(Object.values(TEXT_MUTATIONS))(changed, random);
  }
  return changed;
}
