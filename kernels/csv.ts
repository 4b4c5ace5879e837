export { parseNumbers } from './numbers'
export { addText, codeOf, countOf, createTextTable, encodeTexts, textTableBytes } from './texts'
export { tokenise } from './tokenise'
