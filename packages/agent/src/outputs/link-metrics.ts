/** Links between GPUs: NVLink by link and counter, XGMI as AMD's tool sums it up. */
import type { Family } from '@trivet/shared/exposition/text.ts';
import type { NvlinkGpu } from '@trivet/shared/model/nvlink.ts';
import type { Samples } from '@trivet/shared/model/report.ts';
import { gpuLabels, partFamilies, rowFamilies } from './gpu-series.ts';
import type { Labels, PartRow, Row } from './gpu-series.ts';

/** The tool's text names a GPU by its UUID only; the rest of its labels are those of the document. */
function labelsOf({ uuid }: NvlinkGpu, { nvidia }: Samples): Labels {
  const gpu = nvidia?.gpus.find((other) => other.uuid === uuid);
  return gpu === undefined ? { uuid, pci_bus_id: '', minor: '' } : gpuLabels(gpu);
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function linkFamilies(samples: Samples): Family[] {
  const gpus = samples.nvlink?.gpus ?? [];
  const up = gpus.flatMap((gpu) =>
    gpu.links.flatMap(({ link, active }) =>
      active === null ? [] : [{ labels: { ...labelsOf(gpu, samples), link: String(link) }, value: Number(active) }],
    ),
  );
  // Summed over the links of a GPU: 18 links with a dozen counters each would be most of a scrape. A counter of which a link could
  // not be read is left out: it would seem to begin anew.
  const errors = gpus.flatMap((gpu) =>
    gpu.counters.map((counter) => ({
      labels: { ...labelsOf(gpu, samples), counter: kebab(counter) },
      value: gpu.links.reduce((total, link) => total + (link.errors[counter] ?? 0), 0),
    })),
  );
  return [
    { name: 'trivet_gpu_nvlink_up', type: 'gauge', help: 'Whether an NVLink is up.', samples: up },
    { name: 'trivet_gpu_nvlink_errors_total', type: 'counter', help: 'NVLink errors and recoveries.', samples: errors },
    ...partFamilies(XGMI_LINKS, samples),
    ...rowFamilies(XGMI, samples),
  ];
}

const XGMI: readonly Row[] = [
  [
    'xgmi_errors',
    'gauge',
    'XGMI errors since the status was read: 0, 1, 2 for more.',
    { amd: (gpu) => gpu.xgmiErrors },
  ],
];
const XGMI_LINKS: readonly PartRow[] = [
  [
    'xgmi_links',
    'gauge',
    'XGMI links.',
    {
      amd: (gpu) => [
        { labels: { state: 'up' }, reading: gpu.xgmiLinksUp },
        { labels: { state: 'down' }, reading: gpu.xgmiLinksDown },
      ],
    },
  ],
];
