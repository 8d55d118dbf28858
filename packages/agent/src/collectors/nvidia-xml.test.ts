import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { child, readXml } from './nvidia-xml.ts';
import type { XmlElement, XmlResult } from './nvidia-xml.ts';

const DOCUMENT = `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<!-- a comment > with a bracket -->
<nvidia_smi_log>
	<driver_version>535.1</driver_version>
	<gpu id="00000000:1B:00.0" note='single "quoted"'>
		<product_name>A &amp; B &#60;&#x3e; &unknown;</product_name>
		<empty/>
		<processes>
			<process_name>/tmp/a<b>&c</d></process_name>
		</processes>
		<after>1</after>
	</gpu>
</nvidia_smi_log>
`;

function rootOf(result: XmlResult): XmlElement {
  if (result.kind !== 'document') throw new Error(`${result.kind}: ${result.reason}`);
  return result.root;
}

describe('readXml', () => {
  it('takes line ends and a byte order mark as they come', () => {
    const windows = readXml(`\uFEFF${DOCUMENT.replaceAll('\n', '\r\n')}`);
    expect(windows).toMatchObject({ before: '', after: '', root: { name: 'nvidia_smi_log' } });
  });

  it('reads elements, attributes, entities, and skips what is opaque', () => {
    const root = rootOf(readXml(DOCUMENT));
    const gpu = child(root, 'gpu');
    expect(root.name).toBe('nvidia_smi_log');
    expect(child(root, 'driver_version')?.text).toBe('535.1');
    expect(gpu?.attributes.get('id')).toBe('00000000:1B:00.0');
    expect(gpu?.attributes.get('note')).toBe('single "quoted"');
    expect(child(gpu, 'product_name')?.text).toBe('A & B <> &unknown;');
    expect(child(gpu, 'empty')).toMatchObject({ text: '', children: [] });
    expect(child(gpu, 'processes')).toMatchObject({ text: '', children: [] });
    expect(child(gpu, 'after')?.text).toBe('1');
  });

  it('keeps text around the document apart', () => {
    expect(readXml(`WARNING: slow\n${DOCUMENT}Failed to shut down\n`)).toMatchObject({
      kind: 'document',
      before: 'WARNING: slow',
      after: 'Failed to shut down',
    });
    expect(readXml(DOCUMENT)).toMatchObject({ kind: 'document', before: '', after: '' });
  });

  it('takes a cut at any byte for a cut document', () => {
    const whole = DOCUMENT.trimEnd();
    for (const text of [whole, whole.slice(whole.indexOf('<nvidia_smi_log>'))]) {
      for (let end = 1; end < text.length; end++) {
        expect({ end, kind: readXml(text.slice(0, end)).kind }).toEqual({ end, kind: 'cut' });
      }
    }
  });

  it('tells apart what is no document, or more than one', () => {
    expect(readXml('')).toMatchObject({ kind: 'not-a-document' });
    expect(readXml('No devices were found\n')).toMatchObject({ kind: 'not-a-document' });
    expect(readXml('<html><body>502</body></html>')).toMatchObject({ kind: 'not-a-document' });
    expect(readXml(`${DOCUMENT}\n${DOCUMENT}`)).toMatchObject({ kind: 'several' });
  });

  it.each([
    ['<nvidia_smi_log><a></b></nvidia_smi_log>', '</b> where </a> is due'],
    ['<nvidia_smi_log>\n<a b=c></a></nvidia_smi_log>', 'line 2'],
    ['<nvidia_smi_log><1/></nvidia_smi_log>', 'begins no element'],
    ['<nvidia_smi_log><!ENTITY x "y"></nvidia_smi_log>', '"<!EN"'],
    ['<nvidia_smi_log><!-- a --></nvidia_smi_log>', '"<!--" inside'],
    ['<nvidia_smi_log><![CDATA[a]]></nvidia_smi_log>', '"<![C" inside'],
    ['<nvidia_smi_log><?a b?></nvidia_smi_log>', '"<?a " inside'],
    ['<nvidia_smi_log><a b="1" b="2"/></nvidia_smi_log>', '"b" twice'],
    // 2⁶⁰ ways to read the brackets, and none fits.
    [`<!DOCTYPE x ${'[]'.repeat(60)}"\n<nvidia_smi_log/>${' '.repeat(70_000)}`, 'DOCTYPE'],
    [`<nvidia_smi_log>${'<a>'.repeat(100)}`, 'deep'],
    ['<?xml version="1.0"?><other/>', 'expected <nvidia_smi_log>'],
    [`<!DOCTYPE nvidia_smi_log ${' '.repeat(70_000)}><nvidia_smi_log/>`, 'DOCTYPE'],
    ['x'.repeat(17 * 1024 * 1024), 'longer than'],
  ])('refuses %.40s', (text, reason) => {
    expect(readXml(text)).toMatchObject({ kind: 'malformed', reason: expect.stringContaining(reason) });
  });

  it.each([
    '</processes><uuid>forged</uuid><processes>',
    '</processes><uuid>forged</uuid><processes/><processes>',
    '</processes><uuid>forged</uuid><accounted_processes>',
    '</processes><uuid>forged</uuid><!--',
    '</processes><uuid>forged</uuid><![CDATA[',
    '</processes><uuid>forged</uuid><?',
    '</processes><uuid>forged</uuid><a b="',
    '<processes>',
  ])('takes no elements from the name of a process: %s', (name) => {
    const text = `<nvidia_smi_log><gpu><processes>${name}</processes><accounted_processes></accounted_processes></gpu>
      <gpu><processes>--> ]]> ?> "/></processes></gpu></nvidia_smi_log>`;
    expect(readXml(text)).toMatchObject({ kind: 'malformed' });
  });

  it('declares no entities, whatever the DOCTYPE says', () => {
    const text = '<!DOCTYPE nvidia_smi_log [<!ENTITY a "boom">]><nvidia_smi_log><x>&a;</x></nvidia_smi_log>';
    expect(child(rootOf(readXml(text)), 'x')?.text).toBe('&a;');
  });

  it('answers for any text, and for any damage to a document', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      '"',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      '&amp;',
      '&#0;',
      '</gpu>',
      '\0',
    );
    fc.assert(
      fc.property(fc.nat(DOCUMENT.length), fc.nat(60), fc.oneof(piece, fc.string()), (at, length, insert) => {
        const { kind } = readXml(DOCUMENT.slice(0, at) + insert + DOCUMENT.slice(at + length));
        expect(['document', 'cut', 'several', 'malformed', 'not-a-document']).toContain(kind);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.constantFrom('<nvidia_smi_log>', '</nvidia_smi_log>', '<a>', '</a>', 'text'))),
        (pieces) => {
          expect(typeof readXml(pieces.join('')).kind).toBe('string');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
