/** The chassis' serial number from files as Linux shows them; made here, in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readChassisSerial } from './chassis.ts';

const DMI = 'sys/class/dmi/id/product_serial';
const DEVICE_TREE = 'proc/device-tree/serial-number';

describe('readChassisSerial', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'trivet-chassis-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  function read(files: Readonly<Record<string, string>>): Promise<string | null> {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    return readChassisSerial({ platform: 'linux', proc: join(dir, 'proc'), sys: join(dir, 'sys') });
  }

  it('is what SMBIOS says', async () => {
    expect(await read({ [DMI]: 'J1234X5\n', [DEVICE_TREE]: 'other\0' })).toBe('J1234X5');
  });

  it('is what the device tree says where there is no SMBIOS', async () => {
    expect(await read({ [DEVICE_TREE]: '1424221020531\0' })).toBe('1424221020531');
  });

  it.each(['', '  \n', '0000000\n', 'Not Specified\n', 'To Be Filled By O.E.M.\n', 'System Serial Number\n'])(
    'is none where nobody filled it in: %j',
    async (text) => {
      expect(await read({ [DMI]: text })).toBeNull();
    },
  );

  it('is none where there is no such file, and one that cannot be read is no error', async () => {
    expect(await read({})).toBeNull();
    mkdirSync(join(dir, DMI), { recursive: true });
    expect(await read({})).toBeNull();
  });

  it('has a bound', async () => {
    expect(await read({ [DMI]: 'x'.repeat(4096) })).toHaveLength(128);
  });
});
