/** Every `notes[].code` and what it says. Codes are stable, as in `errorCodes`. */
export const noteCodes = {
  batch_size_fitted: 'the data set has fewer images than the default batch',
  class_not_validated: 'the validation data has no image of some classes',
  class_without_examples: 'some class names have no image, so a model cannot learn them',
  classes_matched_by_name: 'the classes of the validation data are in another order',
  huber_slope_small: 'the slope of the huber loss is small beside the range of the target',
  nothing_held_out: 'the share to hold out is less than one record',
  one_class: 'all images have the same class, so there is nothing to tell apart',
  text_columns_left_out: 'columns of text are not among the features',
  unknown_categories: 'rows to predict have categories that training has not seen',
  columns_passed_over: 'rows to predict have columns that the model does not use',
  columns_absent: 'rows to predict lack columns that the model uses',
} as const satisfies Readonly<Record<string, string>>

export type NoteCode = keyof typeof noteCodes
