/** GPUs made while the document is read are those that are made of the whole document. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GpuFolder, toSample } from './nvidia-sample.ts';
import { readXml } from './nvidia-xml.ts';

const gpu = fc.constantFrom(
  '<gpu id="00000000:1B:00.0"><uuid>GPU-00000001</uuid><temperature><gpu_temp>30 C</gpu_temp></temperature></gpu>',
  '<gpu id="00000000:2B:00.0"><uuid>GPU-00000001</uuid><remapped_rows>GPU is lost</remapped_rows></gpu>',
  '<gpu id="00000000:3B:00.0"><error_string>GPU is lost</error_string></gpu>',
  '<gpu id="00000000:4B:00.0"><processes><gpu>x</gpu></processes></gpu>',
  '<gpu/>',
  '<other><gpu><uuid>GPU-inside</uuid></gpu></other>',
);

function samples(document: string) {
  const { fold, gpuOf } = new GpuFolder();
  const [whole, folded] = [readXml(document), readXml(document, fold)];
  if (whole.kind !== 'document' || folded.kind !== 'document') return [whole, folded];
  return [toSample(whole.root), toSample(folded.root, gpuOf)];
}

describe('GpuFolder', () => {
  it('makes the same sample, whole, cut or malformed', () => {
    fc.assert(
      fc.property(fc.array(gpu, { maxLength: 6 }), fc.nat(), (gpus, cut) => {
        const document = `<nvidia_smi_log><attached_gpus>${gpus.length}</attached_gpus>${gpus.join('')}</nvidia_smi_log>`;
        const [whole, folded] = samples(document);
        expect(folded).toEqual(whole);
        const [half, foldedHalf] = samples(document.slice(0, cut % document.length));
        expect(foldedHalf).toEqual(half);
      }),
    );
  });

  it('keeps no tree of a GPU', () => {
    const { fold } = new GpuFolder();
    const read = readXml('<nvidia_smi_log><gpu id="1"><a><b>c</b></a></gpu></nvidia_smi_log>', fold);
    expect(read).toMatchObject({ kind: 'document', root: { children: [{ name: 'gpu', children: [] }] } });
  });
});
