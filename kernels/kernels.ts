export {
  countCodes,
  gatherNumbers,
  move,
  narrow,
  spreadCodes,
  spreadNumbers,
  sumBytes,
  translateCodes,
  widen,
} from './columns'
export { keepDigits } from './digits'
export { parseNumbers } from './numbers'
export { readLevels, readRuns } from './runs'
export { inflateSnappy } from './snappy'
export { surveyNumbers } from './survey'
export { addText, createTextTable, encodeTexts } from './texts'
export { tokenise } from './tokenise'
