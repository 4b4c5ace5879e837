/** `validationLoss` → `loss`; the names of other metrics stay. */
export function trainingName(name: string): string {
  const rest = /^validation([A-Z].*)$/.exec(name)?.[1]
  return rest === undefined ? name : rest[0]!.toLowerCase() + rest.slice(1)
}
