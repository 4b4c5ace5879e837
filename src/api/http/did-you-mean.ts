import leven from 'leven'

/** Returns the candidate nearest to `word` in edit distance, if it is near enough to be a typo. */
export function closestMatch(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const nearby = candidates
    // the lengths differ by no more than the distance
    .filter(candidate => Math.abs(candidate.length - word.length) <= maxDistance(candidate))
    .map(candidate => ({
      candidate,
      distance: leven(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, distance }) => distance <= maxDistance(candidate))
  return nearby.sort((a, b) => a.distance - b.distance)[0]?.candidate
}

const maxDistance = (candidate: string) => Math.max(1, Math.floor(candidate.length / 3))
