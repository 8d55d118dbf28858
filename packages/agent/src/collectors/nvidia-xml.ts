/**
 * Reads the XML that `nvidia-smi -q -x` prints: a strict, bounded scanner of our own, because it runs at every poll (about
 * a millisecond for eight GPUs where a general parser takes twenty), and because what matters here is to tell a whole
 * document from a cut one, from several, and from one with an error message behind it. The DOCTYPE is skipped, never fetched.
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Character data directly inside, entities decoded, trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export type XmlResult =
  /** `before` and `after`: text outside the root element, where the tool puts its warnings and errors; normally empty. */
  | { readonly kind: 'document'; readonly root: XmlElement; readonly before: string; readonly after: string }
  | { readonly kind: 'cut' | 'several' | 'malformed' | 'not-a-document'; readonly reason: string };

const ROOT = 'nvidia_smi_log';
/**
 * Elements whose content is skipped unread, up to their end tag: each at most once inside another. Process names can be any bytes
 * and are not reliably escaped; the clock lists are most of the document and mean nothing here.
 */
const OPAQUE: ReadonlySet<string> = new Set(['processes', 'accounted_processes', 'supported_clocks']);

/** Documents of drivers 352 to 595 are 7 deep at most; a recursion bomb is not a document. */
const DEPTH_MAX = 32;
/** As much as `os/command` lets a tool write. */
const LENGTH_MAX = 16 * 1024 * 1024;

/** Normally 54 characters; some branches print the whole DTD into it (12 kB with driver 352). */
const DOCTYPE_MAX = 64 * 1024;

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
/** Of nine elements in ten; nothing is ever put into it. */
const NO_CHILDREN: XmlElement[] = [];

const NAME = /[A-Za-z_][\w.-]*/y;
const SPACE = /[ \t\r\n]*/y;
const ATTRIBUTE = /[ \t\r\n]+([A-Za-z_][\w.:-]*)[ \t\r\n]*=[ \t\r\n]*(?:"([^"<]*)"|'([^'<]*)')/y;

class Cut extends Error {}
class Malformed extends Error {}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  text: string;
}

const BYTE_ORDER_MARK = /^\uFEFF/;

/** Called with each child of the root as soon as it is complete; what it gives takes the child's place. */
export type Fold = (element: XmlElement) => XmlElement;

/** Never throws (unless `fold` does), and takes time in proportion to the text. */
export function readXml(printed: string, fold: Fold = (element) => element): XmlResult {
  const text = printed.replace(BYTE_ORDER_MARK, '');
  if (text.length > LENGTH_MAX) return { kind: 'malformed', reason: `longer than ${LENGTH_MAX} characters` };
  const start = findStart(text);
  if (start < 0) {
    const rest = text.trim();
    if (rest === '') return { kind: 'not-a-document', reason: 'nothing was printed' };
    if (beginsMarkup(rest)) return { kind: 'cut', reason: `cut after ${text.length} characters` };
    return { kind: 'not-a-document', reason: 'text without a document' };
  }
  try {
    const scanner = new Scanner(text, start, fold);
    const root = scanner.document();
    const after = text.slice(scanner.at).trim();
    if (findStart(after) >= 0) return { kind: 'several', reason: 'more than one document was printed' };
    return { kind: 'document', root, before: text.slice(0, start).trim(), after };
  } catch (error) {
    if (error instanceof Cut) return { kind: 'cut', reason: error.message };
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

/** Where the prolog or the root element begins: at the start of a line, so that text printed before it is told apart. */
function findStart(text: string): number {
  return text.search(new RegExp(`^[ \\t]*<(?:\\?xml\\b|!DOCTYPE\\b|${ROOT}[\\s/>])`, 'm'));
}

/** Whether this is all there is of a prolog's or the root element's first characters. */
function beginsMarkup(rest: string): boolean {
  return ['<?xml', '<!--', '<!DOCTYPE', `<${ROOT}`].some((markup) => markup.startsWith(rest));
}

class Scanner {
  at: number;
  readonly #text: string;
  readonly #fold: Fold;
  readonly #open: Open[] = [];

  constructor(text: string, start: number, fold: Fold) {
    this.#text = text;
    this.at = start;
    this.#fold = fold;
  }

  document(): XmlElement {
    this.#prolog();
    if (!this.#text.startsWith(`<${ROOT}`, this.at)) {
      if (beginsMarkup(this.#text.slice(this.at))) throw this.#cut();
      throw this.#malformed(`expected <${ROOT}>`);
    }
    for (;;) {
      const closed = this.#next();
      if (closed !== null) return closed;
    }
  }

  #prolog(): void {
    for (;;) {
      this.#match(SPACE);
      if (this.#text.startsWith('<?', this.at)) this.#skipPast('?>');
      else if (this.#text.startsWith('<!--', this.at)) this.#skipPast('-->');
      else if (this.#text.startsWith('<!DOCTYPE', this.at)) this.#doctype();
      else return;
    }
  }

  /** An internal subset in brackets, if there is one, is skipped with it: nothing is declared, nothing is fetched. */
  #doctype(): void {
    const head = this.#text.slice(this.at, this.at + DOCTYPE_MAX);
    const length = /^(?:[^[>"']|"[^"]*"|'[^']*'|\[[^\]]*\])*>/.exec(head)?.[0].length;
    if (length === undefined) throw head.length < DOCTYPE_MAX ? this.#cut() : this.#malformed('a DOCTYPE without end');
    this.at += length;
  }

  /** One piece of markup with the text before it. The root element, when this closed it. */
  #next(): XmlElement | null {
    const markup = this.#text.indexOf('<', this.at);
    if (markup < 0) throw this.#cut();
    const current = this.#open.at(-1);
    // Of the indentation before a child nothing is left anyway: it is not even taken.
    if (current !== undefined && (current.text !== '' || this.#isTextUntil(markup)))
      current.text += decode(this.#text.slice(this.at, markup));
    this.at = markup;
    const second = this.#text[markup + 1];
    if (second === undefined) throw this.#cut();
    if (second === '/') return this.#close();
    if (second === '?' || second === '!') throw this.#special();
    return this.#start();
  }

  /**
   * The tool prints no comment, no CDATA and no instruction inside its document: one of them could only come out of a name
   * that somebody chose, to hide what follows.
   */
  #special(): Error {
    const rest = this.#text.slice(this.at, this.at + 9);
    const isCut =
      this.at + 9 > this.#text.length && ['<!--', '<![CDATA[', '<?'].some((markup) => markup.startsWith(rest));
    return isCut ? this.#cut() : this.#malformed(`"${rest.slice(0, 4)}" inside the document`);
  }

  #start(): XmlElement | null {
    this.at += 1;
    const name = this.#match(NAME);
    if (name === '') throw this.#malformed('"<" that begins no element');
    const attributes = this.#attributes(name);
    this.#match(SPACE);
    const isEmpty = this.#text.startsWith('/>', this.at);
    if (!isEmpty && this.#text[this.at] !== '>') throw this.#unfinishedTag(`<${name}`);
    this.at += isEmpty ? 2 : 1;
    if (this.#open.length >= DEPTH_MAX) throw this.#malformed(`elements nested more than ${DEPTH_MAX} deep`);
    this.#open.push({ name, attributes, children: NO_CHILDREN, text: '' });
    if (OPAQUE.has(name)) this.#skipOpaque(name, isEmpty);
    else if (!isEmpty) return null;
    return this.#pop();
  }

  /** Nearly all elements have none. */
  #attributes(name: string): ReadonlyMap<string, string> {
    let found = this.#exec(ATTRIBUTE);
    if (found === null) return NO_ATTRIBUTES;
    const attributes = new Map<string, string>();
    for (; found !== null; found = this.#exec(ATTRIBUTE)) {
      const attribute = found[1] ?? '';
      if (attributes.has(attribute)) throw this.#malformed(`<${name}> has "${attribute}" twice`);
      attributes.set(attribute, decode(found[2] ?? found[3] ?? ''));
    }
    return attributes;
  }

  /**
   * Names of processes are in there as they are, and somebody may call one `</processes>…<processes>` to write elements of
   * his own. Every such name has to put a tag of an opaque element where none can be.
   */
  #skipOpaque(name: string, isEmpty: boolean): void {
    const siblings = this.#open.at(-2)?.children ?? [];
    if (siblings.some((sibling) => sibling.name === name)) throw this.#malformed(`<${name}> a second time`);
    if (isEmpty) return;
    const from = this.at;
    this.#skipPast(`</${name}>`);
    const inside = this.#text.slice(from, this.at - `</${name}>`.length);
    const isForged = [...OPAQUE].some((tag) => inside.includes(`<${tag}`) || inside.includes(`</${tag}`));
    if (isForged) throw this.#malformed(`<${name}> holds a tag that does not belong there`);
  }

  #close(): XmlElement | null {
    this.at += 2;
    const name = this.#match(NAME);
    this.#match(SPACE);
    if (this.#text[this.at] !== '>') throw this.#unfinishedTag(`</${name}`);
    const current = this.#open.at(-1)?.name ?? '';
    if (name !== current) throw this.#malformed(`</${name}> where </${current}> is due`);
    this.at += 1;
    return this.#pop();
  }

  #pop(): XmlElement | null {
    const closed = this.#open.pop();
    if (closed === undefined) throw this.#malformed('an end tag without a start');
    closed.text = closed.text.trim();
    const parent = this.#open.at(-1);
    if (parent === undefined) return closed;
    const element = this.#open.length === 1 ? this.#fold(closed) : closed;
    if (parent.children === NO_CHILDREN) parent.children = [element];
    else parent.children.push(element);
    return null;
  }

  #skipPast(end: string): null {
    const found = this.#text.indexOf(end, this.at);
    if (found < 0) throw this.#cut();
    this.at = found + end.length;
    return null;
  }

  #isTextUntil(end: number): boolean {
    this.#match(SPACE);
    return this.at < end;
  }

  #match(pattern: RegExp): string {
    const from = this.at;
    pattern.lastIndex = from;
    if (!pattern.test(this.#text)) return '';
    this.at = pattern.lastIndex;
    return this.#text.slice(from, this.at);
  }

  #exec(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  /** A tag that does not close before the next one, or the end of the text, begins. */
  #unfinishedTag(tag: string): Error {
    const stop = this.#text.slice(this.at).search(/[<>]/);
    return stop < 0 ? this.#cut() : this.#malformed(`${tag} is not a well-formed tag`);
  }

  #cut(): Error {
    const inside = this.#open.map(({ name }) => name).join('/');
    return new Cut(`cut after ${this.#text.length} characters${inside === '' ? '' : `, inside ${inside}`}`);
  }

  #malformed(what: string): Error {
    const line = this.#text.slice(0, this.at).split('\n').length;
    return new Malformed(`line ${line}: ${what}`);
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The five named entities and character references; anything else stays as it is: documents declare no others. */
function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, (whole, dec, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const code = dec === undefined ? Number.parseInt(hex, 16) : Number(dec);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The first child of that name: an element printed twice is not believed twice. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}
