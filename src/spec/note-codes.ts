/** Every `notes[].code` and what it says. Codes are stable, as in `errorCodes`. */
export const noteCodes = {
  batch_size_fitted: 'the data set has fewer images than the default batch',
  class_not_validated: 'the validation data has no image of some classes',
  class_without_examples: 'some classes have no image or row, so a model cannot learn them',
  classes_matched_by_name: 'the classes of the validation data have other numbers than in training',
  columns_absent: 'rows to predict lack columns that the model uses',
  columns_passed_over: 'rows to predict have columns that the model does not use',
  constant_columns: 'columns have the same value in every row',
  dates_not_read: 'columns of dates or times are not read as numbers',
  decimal_commas_read: 'numbers were read with decimal commas',
  delimiter_at_end: 'each row ends in a delimiter, after which no column is read',
  delimiter_inferred: 'another delimiter would split the rows as well',
  empty_columns: 'columns have no value in any row',
  few_values_are_numbers:
    'the target has few different whole numbers and is predicted as a number, not as classes',
  frozen_random: 'variables that are frozen have random values',
  huber_slope_small: 'the slope of the huber loss is small beside the range of the target',
  images_converted: 'some images lose something when they are decoded, such as transparency',
  initial_weights_cast: 'values of the initial weights are cast to the type of the network',
  initial_weights_partly_used: 'variables of the network have no values in the initial weights',
  initial_weights_unchecked: 'the initial weights could not be compared with the network yet',
  layout_from_weights: 'the weights of initFrom determine the layout of the network',
  layout_of_others: 'the layout of the network is not that of the weights of initFrom',
  leading_zeros: 'numbers have leading zeros, which are dropped',
  missing_as_value: 'a column has a value that often means a missing one',
  names_among_values: 'names in the first row are also values of their columns',
  normalization_unknown: 'it is not known how the images of the initial weights were normalized',
  notes_not_listed: 'there are more notes than are listed',
  nothing_held_out: 'the share to hold out is less than one record',
  names_with_brackets: "Python's XGBoost refuses data frames with such names",
  numbers_not_read:
    'a column in which most values are numbers, in some notation, is text or a category',
  one_class: 'all images or rows have the same class, so there is nothing to tell apart',
  one_column: 'the table has only one column',
  records_skipped: 'images or rows that cannot be used were left out, as the form says',
  rounded_in_training:
    'training computes in float32, in which some numbers of the column run together',
  row_numbers: 'a column counts the rows',
  rows_without_target: 'rows without a value of the target are left out',
  split_column_left_out:
    'the column by which rows are held out for validation is not among the features',
  splits_used: 'the data set has splits, of which the job uses some',
  test_split_trained_on: 'the job trains on the split test',
  text_columns_left_out: 'columns of text are not among the features',
  two_values_are_classes: 'the target has two different numbers, which are taken for two classes',
  unknown_categories: 'rows to predict have categories that training has not seen',
  validation_overlaps_training: 'the validation data contains what is trained on',
  validation_categories_unknown:
    'categories that only the validation table has count as missing values',
  validation_read_as_training:
    'columns of the validation table are read by the types of the training table',
  features_inferred: 'features of TFRecords are taken for image and label by their names',
  float_pixels_stored: 'float32 pixels are stored as uint8',
  image_size_inferred: 'nothing says the size of images of raw pixels, so they count as squares',
  labels_from_text: 'the labels are texts, which become the classes in sorted order',
  labels_not_from_zero:
    'no image has the label 0, so a model cannot learn the class of this number',
} as const satisfies Readonly<Record<string, string>>

export type NoteCode = keyof typeof noteCodes
