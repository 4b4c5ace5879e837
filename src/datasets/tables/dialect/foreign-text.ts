// Formats of text that are sent as CSV by mistake. Each would otherwise become a table of one odd column. Binary
// formats are named before (../../file-kinds.ts).
import { fileError } from '../../errors.js'
import type { ByteSource } from '../csv.js'

interface ForeignText {
  name: string
  pattern: RegExp
  cure?: string
}

const sniffBytes = 4096

/** Comments of whole lines, each after this sign. Each part can match in one way only, so the time is linear. */
const comments = (sign: string) => String.raw`(?:${sign}.*[\r\n]\s*)*`

const foreignTexts: readonly ForeignText[] = [
  { name: 'an HTML page', pattern: /^<(!doctype\s+html|html|head|body|table|title|script|div)\b/i },
  {
    name: 'an XML document',
    pattern: /^<(\?xml\b|!--|[a-z][\w:.-]*(\s[^<>]*)?>[ \t]*[\r\n]+\s*<)/i,
  },
  {
    name: 'JSON',
    // a column may be called [a], so a bracket alone is not enough
    pattern: /^(\{\s*("[^"\n]*"\s*:|\}|[\r\n])|\[\s*([{["\]]|-?\d[\d.eE+-]*\s*,|[\r\n]))/,
    cure: 'give records such as {"x":1}, one a line or in a list',
  },
  {
    name: 'a pointer of Git LFS, not the file itself',
    pattern: /^version https:\/\/git-lfs\.github\.com\//,
    cure: 'fetch it with git lfs pull',
  },
  { name: 'an ARFF file', pattern: new RegExp(String.raw`^${comments('%')}@relation\b`, 'i') },
  {
    name: 'a file of LIBSVM',
    pattern: /^[+-]?\d+(\.\d+)?( +\d+:[+-]?[\d.eE+-]+)+[ \t]*[\r\n]/,
  },
  { name: 'a Rich Text document', pattern: /^\{\\rtf/ },
  {
    name: 'an SQL script',
    pattern: new RegExp(
      String.raw`^${comments('--')}(create\s+table|insert\s+into|drop\s+table)\b`,
      'i',
    ),
  },
  {
    name: 'a Markdown table',
    pattern: /^\|?[^\n]*\|[^\n]*\r?\n[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*\|/,
  },
  { name: 'an SPSS file', pattern: /^\$FL[23]/ },
  { name: 'a Stata file', pattern: /^<stata_dta>/ },
]

/** Throws DATASET_FORMAT if the file begins like another format of text. */
export function checkForForeignText(file: ByteSource): void {
  const text = file
    .read(0, sniffBytes)
    .toString('utf8')
    .replace(/^\ufeff/, '')
  const start = text.trimStart()
  const found = foreignTexts.find(({ pattern }) => pattern.test(start))
  if (!found) return
  const { name, cure = 'save the table as CSV (UTF-8)' } = found
  const line = 1 + (text.slice(0, text.length - start.length).match(/\n/g)?.length ?? 0)
  throw fileError('DATASET_FORMAT', { file: file.name, line }, `the file is ${name}: ${cure}`)
}
