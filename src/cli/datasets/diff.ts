import type { Command } from 'commander'
import { formatCount, missing } from '../../presentation/units.js'
import type { DatasetDiff } from '../../spec/dataset-versions.js'
import type { Cli } from '../cli.js'
import { usageError } from '../failure.js'
import { countOf } from '../terminal/format.js'
import { printable } from '../terminal/printable.js'
import { wrap } from '../terminal/wrap.js'

/** `trainyard datasets diff`: what differs between two data sets. */
export function addDiff(group: Command, cli: Cli): void {
  group
    .command('diff')
    .summary('show what differs between two data sets')
    .description('Show what differs between two data sets. Without the second, the version before.')
    .argument('<one>', 'a name or id')
    .argument('[other]', 'another name or id')
    .action(async (one: string, other: string | undefined) => {
      const client = await cli.client()
      const { output } = cli
      const [from, to] = other === undefined ? await lastTwo(cli, one) : [one, other]
      output.result(await client.datasets.diff(from, to), diff => describeDiff(diff, output.width))
    })
}

/** The version that a name had before, and the one that it has. */
async function lastTwo(cli: Cli, name: string): Promise<[string, string]> {
  const client = await cli.client()
  const { items } = await client.datasets.versions(name)
  const [newest, before] = items
  if (newest && before) return [before.id, newest.id]
  throw usageError(`'${name}' has one version; name the data set to compare it with`)
}

function describeDiff(diff: DatasetDiff, width: number): string {
  const { one, other, records } = diff
  const heads = [one, other].map(
    ({ name, id, records: count }) => `${printable(name)} ${id}: ${countOf(count, 'record')}`,
  )
  if (diff.equal) return `${heads[0]}\nBoth are the same data set.`
  const lines: string[] = []
  if (records) {
    lines.push(
      `records in both: ${formatCount(records.both)}, only before: ${formatCount(records.onlyOne)}, only after: ${formatCount(records.onlyOther)}`,
    )
  }
  lines.push(...names('class', diff.classes), ...names('column', diff.columns))
  for (const { name, one: before, other: after } of diff.classCounts) {
    lines.push(`images of ${name}: ${countText(before)} → ${countText(after)}`)
  }
  for (const { name, changes } of diff.changedColumns) {
    for (const change of changes) lines.push(`column ${name}, ${changeText(change)}`)
  }
  for (const field of diff.fields) lines.push(changeText(field))
  for (const { name, one: before, other: after } of diff.splits) {
    lines.push(`split ${name}: ${countText(before)} → ${countText(after)}`)
  }
  lines.push(...names('note', diff.notes))
  return [`- ${heads[0]}`, `+ ${heads[1]}`, ...lines.map(line => wrap(line, width, '  '))].join(
    '\n',
  )
}

const names = (noun: string, { added, removed }: { added: string[]; removed: string[] }) => [
  ...removed.map(name => `- ${noun} ${name}`),
  ...added.map(name => `+ ${noun} ${name}`),
]

const countText = (count: number | null) => (count === null ? missing : formatCount(count))

const changeText = ({ field, one, other }: { field: string; one: unknown; other: unknown }) =>
  `${field}: ${JSON.stringify(one) ?? missing} → ${JSON.stringify(other) ?? missing}`
