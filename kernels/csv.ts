export { parseNumbers } from './numbers'
export { surveyNumbers } from './survey'
export { addText, createTextTable, encodeTexts } from './texts'
export { tokenise } from './tokenise'
