import { SaxesParser } from 'saxes'
import type { EntrySource } from '../archives/entry-source.js'
import { fileError } from '../errors.js'

/** What happens as a part of a workbook is read. Names are without their prefixes. */
export interface XmlHandlers {
  open(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
}

/** No part of a workbook nests deeper than a few elements. */
const maxDepth = 64
/** More than any attribute or text that Excel writes: a cell has at most 32,767 characters. */
const maxPieceLength = 1_000_000

/**
 * Reads an XML part of a workbook from start to end, in bounded memory. Throws DATASET_FORMAT for what is no
 * well-formed XML, and for a document type: its entities could multiply the text or name other files.
 */
export async function readXml(
  source: EntrySource,
  entry: number,
  { open, text, close }: XmlHandlers,
): Promise<void> {
  const wrong = (detail: string) => fileError('DATASET_FORMAT', source.location(entry), detail)
  const parser = new SaxesParser({ position: false })
  let depth = 0
  let pieceLength = 0
  parser.on('error', error => {
    throw wrong(`the part of the workbook is no XML: ${error.message}`)
  })
  parser.on('doctype', () => {
    throw wrong('the part of the workbook has a document type, which no spreadsheet program writes')
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (++depth > maxDepth) throw wrong(`its elements are nested more than ${maxDepth} deep`)
    pieceLength = 0
    open(localName(name), attributes as Record<string, string>)
  })
  for (const kind of ['text', 'cdata'] as const) {
    parser.on(kind, piece => {
      pieceLength = 0
      text?.(piece)
    })
  }
  parser.on('closetag', ({ name }) => {
    depth--
    pieceLength = 0
    close?.(localName(name))
  })
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw wrong('its text is not UTF-8')
    }
  }
  for await (const chunk of source.chunks(entry)) {
    const piece = decode(chunk)
    // an element, attribute or text that goes on is kept by the parser until it ends
    pieceLength += piece.length
    if (pieceLength > maxPieceLength) {
      throw wrong(`it has a text or tag of more than ${maxPieceLength} characters`)
    }
    parser.write(piece)
  }
  parser.write(decode())
  parser.close()
}

/** Some programs write `<x:row>`. */
const localName = (name: string) => name.slice(name.indexOf(':') + 1)

/** A boolean of XML Schema. */
export const isTrue = (value: string | undefined): boolean => value === '1' || value === 'true'

/** ECMA-376 Part 1, 22.9.2.19 (ST_Xstring): characters that XML does not have, such as `_x000D_`. */
export const decodeXstring = (text: string): string =>
  text.includes('_x')
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) =>
        String.fromCharCode(parseInt(hex, 16)),
      )
    : text
