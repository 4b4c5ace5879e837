export interface Score {
  /** Area under the ROC curve; 0.5 is chance. */
  auc: number
  logLoss: number
}

/** Scores probabilities of class 1 against labels of 0 and 1. */
export function scoreOf(probabilities: Float32Array, labels: Float32Array): Score {
  const order = Uint32Array.from(labels, (_, row) => row)
  order.sort((a, b) => probabilities[a]! - probabilities[b]!)
  let [ranks, positives] = [0, 0]
  for (let first = 0; first < order.length; ) {
    let end = first + 1
    while (probabilities[order[end]!] === probabilities[order[first]!]) end++
    // ties share the mean of their ranks
    for (let at = first; at < end; at++) {
      if (labels[order[at]!] === 0) continue
      ranks += (first + 1 + end) / 2
      positives++
    }
    first = end
  }
  const negatives = labels.length - positives
  const auc = (ranks - (positives * (positives + 1)) / 2) / (positives * negatives)
  const least = 1e-7
  const loss = labels.reduce((sum, label, row) => {
    const p = label === 1 ? probabilities[row]! : 1 - probabilities[row]!
    return sum - Math.log(Math.max(p, least))
  }, 0)
  return { auc, logLoss: loss / labels.length }
}
