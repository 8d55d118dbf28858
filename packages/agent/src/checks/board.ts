/** Which boards are for data centres: others are delivered with settings that are faults there. */

const DESKTOP = /\b(GeForce|GTX|RTX|Quadro|TITAN|NVS)\b/i;

/** Null when the model is not known. */
export function isDesktop(model: string | null): boolean | null {
  return model === null ? null : DESKTOP.test(model);
}
