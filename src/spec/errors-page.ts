import { type ErrorCode, errorCodes, statusOf } from './error-codes.js'
import { failureCodes, oldFailureCodes } from './failure-codes.js'
import { fieldErrorCodes } from './field-error-codes.js'
import { noteCodes } from './note-codes.js'

/** The content of docs/errors.md, generated from the tables of codes. */
export function errorsPage(): string {
  const problems = Object.entries(errorCodes).map(([code, { when, help }]) => [
    `\`${code}\``,
    String(statusOf(code as ErrorCode)),
    when,
    help,
  ])
  const fields = Object.entries(fieldErrorCodes).map(([code, when]) => [`\`${code}\``, when])
  const failures = Object.entries({ ...failureCodes, ...oldFailureCodes }).map(
    ([code, { when, help }]) => [`\`${code}\``, when, help],
  )
  const notes = Object.entries(noteCodes).map(([code, when]) => [`\`${code}\``, when])
  return `# Error codes

<!-- Generated from the tables in src/spec/*-codes.ts by \`npm run docs:errors\`. Do not edit. -->

## Answers of the API

Every error of the API is a problem (\`application/problem+json\`, RFC 9457) with a \`code\`. Codes are stable: a code is not renamed, and its meaning does not change. \`detail\` names the value and what is expected. \`errors\` lists every invalid field at once. An answer with status 503 has a \`Retry-After\` header. Some codes are of errors that end a process at start; they are printed in one line.

${markdownTable(['code', 'status', 'when', 'what to do'], problems)}

## Fields

Each entry of a problem's \`errors\` is an invalid field. \`path\` is a JSON pointer (\`/training/steps\`), a part of the request (\`querystring:/limit\`), or a place in an uploaded file (\`train.csv#line=2&column=3\`). An error in a data file has the code of the problem in lower case, such as \`dataset_truncated\`.

${markdownTable(['errors[].code', 'when'], fields)}

## Failures of jobs

A failed job has a \`failure.code\`. The worker does not try such a job again; \`POST /jobs/:id/retry\` does.

${markdownTable(['failure.code', 'when', 'what to do'], failures)}

## Notes

A data set, a job and a dry run have \`notes\`: what was inferred or left out, and may not be expected. They are no errors.

${markdownTable(['notes[].code', 'what it says'], notes)}
`
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const rule = line(widths.map(width => '-'.repeat(width)))
  return [line(header), rule, ...rows.map(line)].join('\n')
}
