/**
 * The documents of the fake amd-smi and rocm-smi: our own values under the keys of the real tools. A partition other than the
 * first shows `N/A` for what belongs to the board, as in CPX mode.
 */
import type { FakeAmdGpu, FakeAmdWorld } from './fake-amd-smi.ts';

const NA = 'N/A';
const BLOCKS = ['UMC', 'SDMA', 'GFX', 'MMHUB', 'PCIE_BIF', 'HDP', 'XGMI_WAFL'];
const VIOLATIONS = ['prochot', 'ppt', 'socket_thermal', 'vr_thermal', 'hbm_thermal'];
/** Links of a board of eight. */
const XGMI_LINKS = 7;

interface Logical {
  readonly gpu: FakeAmdGpu;
  readonly index: number;
  readonly partition: number;
}

function logicalOf({ gpus }: FakeAmdWorld): Logical[] {
  const parts = gpus.flatMap((gpu) =>
    Array.from({ length: gpu.partitions ?? 1 }, (_, partition) => ({ gpu, partition })),
  );
  return parts.map((part, index) => ({ ...part, index }));
}

function measured(value: number, unit: string): object {
  return { value, unit };
}

/** Null: no such subcommand. */
export function fakeAmdDocument(world: FakeAmdWorld, subcommand: string): string | null {
  const entry = SUBCOMMANDS.get(subcommand);
  if (entry === undefined) return null;
  const shown = logicalOf(world).filter(({ gpu }) => subcommand !== 'metric' || gpu.isSilent !== true);
  const entries = shown.map((logical) => ({ gpu: logical.index, ...entry(logical, world) }));
  const wrapper = subcommand === 'xgmi' ? 'link_status' : 'gpu_data';
  const isBare = world.shape === 'list' || subcommand === 'list';
  return JSON.stringify(isBare ? entries : { [wrapper]: entries }, null, 4);
}

type Entry = (logical: Logical, world: FakeAmdWorld) => object;

const SUBCOMMANDS: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  [
    'list',
    ({ gpu, partition }) => ({ bdf: gpu.pciBusId, uuid: gpu.uuid, kfd_id: 1, node_id: 1, partition_id: partition }),
  ],
  ['static', staticEntry],
  ['metric', metricEntry],
  ['bad-pages', pagesEntry],
  ['xgmi', xgmiEntry],
]);

function staticEntry({ gpu, partition }: Logical, { driverVersion }: FakeAmdWorld): object {
  const isParted = (gpu.partitions ?? 1) > 1;
  return {
    asic: { market_name: gpu.model, vendor_id: '0x1002', asic_serial: NA, oam_id: NA },
    bus: { bdf: gpu.pciBusId, max_pcie_width: 16, max_pcie_speed: measured(32, 'GT/s'), slot_type: 'OAM' },
    vbios: { name: NA, build_date: NA, part_number: '113-FAKE-000', version: NA },
    limit: {
      max_power: measured(750, 'W'),
      socket_power: measured(750, 'W'),
      slowdown_edge_temperature: NA,
      slowdown_hotspot_temperature: measured(100, 'C'),
      slowdown_vram_temperature: measured(105, 'C'),
      shutdown_edge_temperature: NA,
      shutdown_hotspot_temperature: measured(110, 'C'),
      shutdown_vram_temperature: measured(115, 'C'),
    },
    driver: { name: 'amdgpu', version: driverVersion },
    board: { model_number: NA, product_serial: gpu.serial, product_name: gpu.model, manufacturer_name: 'AMD' },
    ras: {
      eeprom_version: '0x30000',
      bad_page_threshold: gpu.badPageThreshold ?? 128,
      poison_schema: 'ENABLED',
      ecc_block_state: { UMC: 'ENABLED' },
    },
    partition: {
      compute_partition: isParted ? 'CPX' : 'SPX',
      memory_partition: isParted ? 'NPS4' : 'NPS1',
      partition_id: partition,
    },
    vram: { type: 'HBM', vendor: NA, size: measured(196_592, 'MB') },
  };
}

function counts(gpu: FakeAmdGpu, block: string) {
  return {
    correctable_count: gpu.correctable?.[block] ?? 0,
    uncorrectable_count: gpu.uncorrectable?.[block] ?? 0,
    deferred_count: gpu.deferred?.[block] ?? 0,
  };
}

function sum(of: Readonly<Record<string, number>> | undefined): number {
  return Object.values(of ?? {}).reduce((total, value) => total + value, 0);
}

function metricEntry({ gpu, partition }: Logical): object {
  if (partition > 0) return { usage: NA, power: NA, temperature: NA, ecc: NA, ecc_blocks: NA, pcie: NA, mem_usage: NA };
  return {
    usage: {
      gfx_activity: measured(gpu.utilizationPercent ?? 0, '%'),
      umc_activity: measured(0, '%'),
      mm_activity: NA,
    },
    power: { socket_power: measured(150, 'W'), gfx_voltage: NA, throttle_status: NA, power_management: 'ENABLED' },
    clock: {
      gfx_0: { clk: measured(132, 'MHz'), max_clk: measured(2100, 'MHz') },
      mem_0: { clk: measured(900, 'MHz') },
    },
    temperature: { edge: NA, hotspot: measured(gpu.hotspotCelsius ?? 45, 'C'), mem: measured(40, 'C') },
    ...errors(gpu),
    ...links(gpu),
    ...totals(gpu),
  };
}

function errors(gpu: FakeAmdGpu): object {
  return {
    ecc: {
      total_correctable_count: sum(gpu.correctable),
      total_uncorrectable_count: sum(gpu.uncorrectable),
      total_deferred_count: sum(gpu.deferred),
      cache_correctable_count: 0,
      cache_uncorrectable_count: 0,
    },
    ecc_blocks: Object.fromEntries(BLOCKS.map((block) => [block, counts(gpu, block)])),
  };
}

function links(gpu: FakeAmdGpu): object {
  return {
    pcie: {
      width: gpu.pcieLinkWidth ?? 16,
      speed: measured(32, 'GT/s'),
      bandwidth: measured(0, 'Mb/s'),
      replay_count: gpu.pcieReplays ?? 0,
      l0_to_recovery_count: 1,
      replay_roll_over_count: 0,
      nak_sent_count: 0,
      nak_received_count: 0,
    },
    fan: { speed: NA, max: NA, rpm: NA, usage: NA },
    perf_level: 'AMDSMI_DEV_PERF_LEVEL_AUTO',
    xgmi_err: ['AMDSMI_XGMI_STATUS_NO_ERRORS', 'AMDSMI_XGMI_STATUS_ERROR', 'AMDSMI_XGMI_STATUS_MULTIPLE_ERRORS'][
      gpu.xgmiErrors ?? 0
    ],
  };
}

function totals(gpu: FakeAmdGpu): object {
  const used = 283;
  const totalMb = 196_592;
  return {
    energy: { total_energy_consumption: measured(1_234_567.89, 'J') },
    mem_usage: {
      total_vram: measured(totalMb, 'MB'),
      used_vram: measured(used, 'MB'),
      free_vram: measured(totalMb - used, 'MB'),
    },
    throttle: Object.fromEntries([
      ['accumulation_counter', 100],
      ...VIOLATIONS.flatMap((name) => [
        [`${name}_accumulated`, 0],
        [`${name}_violation_status`, gpu.throttles?.includes(name) === true ? 'ACTIVE' : 'NOT ACTIVE'],
        [`${name}_violation_activity`, measured(0, '%')],
      ]),
    ]),
  };
}

function pagesEntry({ gpu }: Logical): object {
  const pages = (number: number | undefined, status: string): unknown => {
    const list = Array.from({ length: number ?? 0 }, (_, page) => ({
      page_address: 0x1000 * (page + 1),
      page_size: 0x1000,
      status,
    }));
    // One page is not a list of one.
    if (list.length === 0) return 'No bad pages found.';
    return list.length === 1 ? list[0] : list;
  };
  const { retired, pending, unreservable } = gpu.badPages ?? {};
  return {
    retired: pages(retired, 'RESERVED'),
    pending: pages(pending, 'PENDING'),
    un_res: pages(unreservable, 'UNRESERVABLE'),
  };
}

function xgmiEntry({ gpu }: Logical): object {
  const down = gpu.xgmiLinksDown ?? 0;
  const links = Array.from({ length: XGMI_LINKS }, (_, link) => (link < down ? 'D' : 'U'));
  return { bdf: gpu.pciBusId, link_status: [...links, 'X'] };
}

export function fakeRocmDocument(world: FakeAmdWorld): string {
  const cards = logicalOf(world).map(({ gpu, index }) => [
    `card${index}`,
    {
      'Device Name': gpu.model,
      'Device ID': '0x74a1',
      'Unique ID': gpu.uuid,
      'VBIOS version': '113-FAKE-000',
      'Temperature (Sensor junction) (C)': `${gpu.hotspotCelsius ?? 45}.0`,
      'Temperature (Sensor memory) (C)': '40.0',
      'sclk clock speed:': '(132Mhz)',
      'mclk clock speed:': '(900Mhz)',
      'Performance Level': 'auto',
      'Max Graphics Package Power (W)': '750.0',
      'Current Socket Graphics Package Power (W)': '150.0',
      'GPU use (%)': String(gpu.utilizationPercent ?? 0),
      'PCIe Replay Count': String(gpu.pcieReplays ?? 0),
      'Serial Number': gpu.serial,
      'PCI Bus': gpu.pciBusId.toUpperCase(),
      'VRAM Total Memory (B)': '206141652992',
      'VRAM Total Used Memory (B)': '296747008',
      'Card Series': gpu.model,
      'XGMI Error count': String(gpu.xgmiErrors ?? 0),
      ...((gpu.partitions ?? 1) > 1 ? { 'Compute Partition': 'CPX' } : {}),
    },
  ]);
  return JSON.stringify({ ...Object.fromEntries(cards), system: { 'Driver version': world.driverVersion } });
}

/** The two numbers of a row stand under each other's heading, as in the real tool. */
export function fakeRocmTables(world: FakeAmdWorld): string {
  const head = `${'='.repeat(30)} RAS Info ${'='.repeat(30)}`;
  return logicalOf(world)
    .flatMap(({ gpu, index }) => [
      `GPU[${index}]: \tRAS INFO`,
      '         Block       Status    uncorrectable err  correctable err  ',
      ...BLOCKS.map((block) => {
        const { correctable_count: correctable, uncorrectable_count: uncorrectable } = counts(gpu, block);
        return `${block.padStart(14)}      ENABLED  ${String(correctable).padStart(17)}  ${String(uncorrectable).padStart(15)}  `;
      }),
      ...rocmPages(gpu, index),
    ])
    .join('\n')
    .replace(/^/, `${head}\n`);
}

function rocmPages({ badPages }: FakeAmdGpu, index: number): string[] {
  const { retired = 0, pending = 0, unreservable = 0 } = badPages ?? {};
  const statuses = [
    ...Array<string>(retired).fill('reserved'),
    ...Array<string>(pending).fill('pending'),
    ...Array<string>(unreservable).fill('unreservable'),
  ];
  if (statuses.length === 0) return [];
  const rows = statuses.map(
    (status, page) => `          0x${(page + 1).toString(16)}000          0x1000    ${status}  `,
  );
  return [`GPU[${index}]: \tALL PAGES INFO`, '    Page address     Page size      Status  ', ...rows];
}
