/** `nvidia-smi nvlink -s` and `-e` beside a healthy document: damaged, and with one link down that nobody touched. */
import { NvidiaSmiCollector } from '@trivet/agent/collectors/nvidia-smi.ts';
import { NvlinkCollector } from '@trivet/agent/collectors/nvidia-nvlink.ts';
import { nvidiaSense, nvlinkSense } from '@trivet/agent/senses.ts';
import type { Random } from '@trivet/simulator/random.ts';
import { TEXT_MUTATIONS } from './mutate-text.ts';
import { exited, look } from './node.ts';
import { fakeSeeds, seedsIn } from './seeds.ts';
import type { Outcome, Subject } from './subject.ts';

const LINKS = 6;

export function nvlinkSubject(): Subject {
  const document = fakeSeeds()[0]?.text ?? '';
  const uuids = [...document.matchAll(/<uuid>([^<]*)</g)].map(([, uuid = '']) => uuid);
  const captured = seedsIn('nvidia-smi', /nvlink.*\.txt$/).map(({ text }) => text);
  return { name: 'nvlink', weight: 1, run: (random) => run(random, document, { uuids, captured }) };
}

/** Each GPU with its links, `inactive` being the number of one that is down. */
function statesOf(uuids: readonly string[], down: { gpu: number; link: number } | null): string {
  return uuids
    .map((uuid, gpu) => {
      const links = Array.from({ length: LINKS }, (_, link) => {
        const isDown = down?.gpu === gpu && down.link === link;
        return `\t Link ${link}: ${isDown ? '<inactive>' : '26.562 GB/s'}\n`;
      });
      return `GPU ${gpu}: NVIDIA H100 80GB HBM3 (UUID: ${uuid})\n${links.join('')}`;
    })
    .join('');
}

function errorsOf(uuids: readonly string[], random: Random): string {
  return uuids
    .map((uuid, gpu) => {
      const links = Array.from({ length: LINKS }, (_, link) =>
        ['Replay', 'Recovery', 'CRC'].map((name) => `\t Link ${link}: ${name} Errors: ${random.int(3)}\n`).join(''),
      );
      return `GPU ${gpu}: NVIDIA H100 80GB HBM3 (UUID: ${uuid})\n${links.join('')}`;
    })
    .join('');
}

interface Bases {
  readonly uuids: readonly string[];
  readonly captured: readonly string[];
}

async function run(random: Random, document: string, { uuids, captured }: Bases): Promise<Outcome> {
  const down = random.int(3) === 0 ? { gpu: random.int(uuids.length), link: random.int(LINKS) } : null;
  const whole = down !== null || captured.length === 0 || random.int(2) === 0;
  const clean = whole ? statesOf(uuids, down) : random.pick(captured);
  const states = down === null ? damaged(clean, random) : clean;
  const errors = damaged(errorsOf(uuids, random), random);
  const nvidia = new NvidiaSmiCollector({ path: 'nvidia-smi', run: () => Promise.resolve(exited(0, document)) });
  const nvlink = new NvlinkCollector({
    path: 'nvidia-smi',
    run: ({ args }) =>
      Promise.resolve(args[1] === '-s' ? exited(0, states) : exited(random.pick([0, 0, 0, 255, null]), errors)),
  });
  const { findings, verdict } = await look({
    others: [nvidiaSense(nvidia), nvlinkSense(nvlink)],
    pciGpus: null,
    kernelLog: null,
  });
  const isSeen = findings.some(({ code, gpu }) => code === 'nvlink.inactive' && gpu?.uuid === uuids[down?.gpu ?? -1]);
  const failures = [
    ...(down !== null && !isSeen ? ['a link that is down was not seen'] : []),
    ...(down !== null && verdict === 'healthy' ? ['healthy with a link down'] : []),
    ...(verdict === 'unhealthy' ? ['a text about links condemned the node'] : []),
  ];
  return {
    made: down === null ? 'damaged' : `link ${down.link} of GPU ${down.gpu} down`,
    input: states,
    failures,
    verdict,
  };
}

function damaged(text: string, random: Random): string {
  const rounds = random.pick([0, 1, 1, 3]);
  let changed = text;
  for (let round = 0; round < rounds; round++) changed = random.pick(Object.values(TEXT_MUTATIONS))(changed, random);
  return changed;
}
