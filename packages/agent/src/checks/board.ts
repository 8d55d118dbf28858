/** Which boards are for data centres: others are delivered with settings that are faults there. */

const DESKTOP = /\b(GeForce|GTX|RTX|Quadro|TITAN|NVS)\b/i;

/** AMD's for desktops and workstations; they sit in whatever slot the machine has, half of them in one of eight lanes. */
export const AMD_DESKTOP = /\b(RX|PRO|VII|Navi)\b/i;

/** What a driver calls a board that is newer than itself. */
const NAMELESS = /^(NVIDIA )?Graphics Device$/i;

/** Null when the model is not known. */
export function isDesktop(model: string | null): boolean | null {
  return model === null || NAMELESS.test(model) ? null : DESKTOP.test(model);
}
