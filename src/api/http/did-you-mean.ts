/** Returns the candidate nearest to `word` in edit distance, if it is near enough to be a typo. */
export function closestMatch(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const nearby = candidates
    // the lengths differ by no more than the distance
    .filter(candidate => Math.abs(candidate.length - word.length) <= maxDistance(candidate))
    .map(candidate => ({
      candidate,
      distance: levenshtein(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, distance }) => distance <= maxDistance(candidate))
  return nearby.sort((a, b) => a.distance - b.distance)[0]?.candidate
}

const maxDistance = (candidate: string) => Math.max(1, Math.floor(candidate.length / 3))

/** Levenshtein distance; keeps one row of the table at a time. */
function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
