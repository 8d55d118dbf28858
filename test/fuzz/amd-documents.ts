/** What the subcommands of amd-smi print for four healthy boards: our own values, under the names of its releases 6.2 to 7. */
const BOARDS = [0, 1, 2, 3];
const of = (value: number, unit: string) => ({ value, unit });
const NO_ERRORS = { correctable_count: 0, uncorrectable_count: 0, deferred_count: 0 };

export const AMD_BUS_IDS = BOARDS.map((gpu) => `0000:${gpu + 1}5:00.0`);

const metric = BOARDS.map((gpu) => ({
  gpu,
  usage: { gfx_activity: of(0, '%'), umc_activity: of(0, '%'), mm_activity: 'N/A' },
  power: { socket_power: of(140, 'W'), gfx_voltage: 'N/A', throttle_status: 'UNTHROTTLED' },
  clock: { gfx_0: { clk: of(132, 'MHz') }, mem_0: { clk: of(900, 'MHz') } },
  temperature: { edge: 'N/A', hotspot: of(41, 'C'), mem: of(36, 'C') },
  pcie: { width: 16, speed: of(32, 'GT/s'), replay_count: 0, l0_to_recovery_count: 1 },
  ecc: { total_correctable_count: 0, total_uncorrectable_count: 0, total_deferred_count: 0 },
  ecc_blocks: { UMC: NO_ERRORS, GFX: NO_ERRORS, SDMA: NO_ERRORS, XGMI_WAFL: NO_ERRORS },
  fan: { usage: 'N/A' },
  perf_level: 'AMDSMI_DEV_PERF_LEVEL_AUTO',
  xgmi_err: 'N/A',
  energy: { total_energy_consumption: of(123_456.5, 'J') },
  mem_usage: { total_vram: of(196_592, 'MB'), used_vram: of(283, 'MB'), free_vram: of(196_309, 'MB') },
}));

const list = BOARDS.map((gpu) => ({
  gpu,
  bdf: AMD_BUS_IDS[gpu],
  uuid: `1eff74a1-0000-1000-8000-00000000000${gpu}`,
  partition_id: 0,
}));

const fixed = BOARDS.map((gpu) => ({
  gpu,
  asic: { market_name: 'AMD Instinct MI300X', asic_serial: `0x692300000000000${gpu}` },
  bus: { bdf: AMD_BUS_IDS[gpu], max_pcie_width: 16, max_pcie_speed: of(32, 'GT/s') },
  limit: {
    socket_power: of(750, 'W'),
    slowdown_hotspot_temperature: of(100, 'C'),
    shutdown_hotspot_temperature: of(110, 'C'),
  },
  driver: { name: 'amdgpu', version: '6.12.12' },
  ras: { bad_page_threshold: 128 },
}));

const pages = BOARDS.map((gpu) => ({
  gpu,
  retired: 'No bad pages found.',
  pending: 'No bad pages found.',
  un_res: 'No bad pages found.',
}));

export type AmdPart = 'metric' | 'list' | 'static' | 'bad-pages';

function print(value: unknown): string {
  return `${JSON.stringify(value, null, 4)}\n`;
}

export const AMD_DOCUMENTS: Readonly<Record<AmdPart, string>> = {
  metric: print(metric),
  list: print(list),
  static: print(fixed),
  'bad-pages': print(pages),
};
