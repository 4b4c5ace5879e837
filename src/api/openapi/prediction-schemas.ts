import {
  Completeness,
  ExplainedClass,
  FeatureMapLayer,
  HeatMap,
  ImageExplanation,
  RowExplanation,
  SourceImage,
} from '../../spec/explanation.js'
import { Explanation, Prediction, RowPrediction } from '../../spec/model.js'
import { RankedClass, SelectedPrediction } from '../../spec/selected-predictions.js'

/** Of predictions and explanations; part of `namedSchemas`. */
export const predictionSchemas = {
  Prediction,
  RowPrediction,
  SelectedPrediction,
  RankedClass,
  Explanation,
  ImageExplanation,
  RowExplanation,
  ExplainedClass,
  SourceImage,
  Completeness,
  HeatMap,
  FeatureMapLayer,
}
