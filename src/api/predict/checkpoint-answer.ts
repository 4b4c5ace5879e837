/** An answer of a checkpoint has its job and step in place of the model and version. */
export function ofCheckpoint<Table extends { head: object }>(
  table: Table,
  { jobId, step }: { jobId: string; step: number },
): Table {
  const { model: _model, version: _version, ...rest } = table.head as Record<string, unknown>
  return { ...table, head: { job: jobId, step, ...rest } }
}
