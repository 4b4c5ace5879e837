import { type ErrorCode, errorCodes, statusOf } from './error-codes.js'
import { failureCodes } from './failure-codes.js'
import { fieldErrorCodes } from './field-error-codes.js'

/** docs/errors.md, made from the tables of codes. */
export function errorsPage(): string {
  const problems = Object.entries(errorCodes).map(([code, { when, help }]) => [
    `\`${code}\``,
    String(statusOf(code as ErrorCode)),
    when,
    help,
  ])
  const fields = Object.entries(fieldErrorCodes).map(([code, when]) => [`\`${code}\``, when])
  const failures = Object.entries(failureCodes).map(([code, { retry, when, help }]) => [
    `\`${code}\``,
    retry ? 'yes' : 'no',
    when,
    help,
  ])
  return `# Error codes

<!-- Made from src/spec/error-codes.ts and src/spec/failure-codes.ts by \`npm run docs:errors\`. -->

## Answers of the API

Every error of the API is a problem (\`application/problem+json\`, RFC 9457) with a \`code\`. A code is stable: it is not renamed, and its meaning does not change. \`detail\` names the value and what is expected; \`errors\` lists every invalid field at once. An answer 503 has a \`Retry-After\` header. Errors that end a process at start have the same codes and are printed in one line.

${markdownTable(['code', 'status', 'when', 'what helps'], problems)}

## Fields

\`errors\` of a problem lists invalid fields: \`path\` is a JSON pointer (\`/training/steps\`), a part of the request (\`querystring:/limit\`), or a place in an uploaded file. The codes of a file's errors are the problem's own in lower case, such as \`dataset_truncated\`.

${markdownTable(['errors[].code', 'when'], fields)}

## Failures of jobs

A job that failed has a \`failure.code\`. If a code is retried, the job fails with \`no_progress\` only after several attempts without a new checkpoint.

${markdownTable(['failure.code', 'retried', 'when', 'what helps'], failures)}
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
