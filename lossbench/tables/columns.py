"""The names of a study's files and of the columns of its tables."""

import pyarrow as pa

FORMAT = 1
MANIFEST = "study.json"
PARTS, INVOCATIONS, PARAMETERS = "runs", "invocations", "parameters"  # folders of a study

RUN, SPEC, RECORDING, INVOCATION = "run", "spec", "recording", "invocation"
TASK, OUTCOME, STOPPED, SECONDS, DEVICE, STEPS = "task", "outcome", "stopped", "seconds", "device", "step"
RUN_COLUMNS = {
    RUN: pa.string(),
    SPEC: pa.string(),
    RECORDING: pa.string(),
    INVOCATION: pa.string(),
    TASK: pa.string(),
    OUTCOME: pa.string(),
    STOPPED: pa.int32(),
    SECONDS: pa.float64(),
    DEVICE: pa.string(),
    STEPS: pa.list_(pa.int32()),
}
LABEL_NOISE = "label_noise"  # the share of wrong labels, where some run of a study has any
HELD_OUT = "validation"  # how much of the training data is held out for validation, where some run holds any out
CURVE = "curve."  # prefix of the columns that hold a quantity's curve
NAME = ":"  # between the number of a torch module's layer or activation and its name: saturated/2:relu_2
LAYER = "/"  # between a quantity and the layer, class or output it belongs to: gradient_norm_weights/2, test_recall/7

TRAIN, TEST, VALIDATION = "train_", "test_", "validation_"
LOSS, ACCURACY, LOG_LOSS, BRIER, SQUARED_ERROR = "loss", "accuracy", "log_loss", "brier", "squared_error"
GRADIENT_WEIGHTS, GRADIENT_BIASES = "gradient_norm_weights", "gradient_norm_biases"
OUTPUT_GRADIENT, OUTPUT_ERROR, OUTPUT_SLOPE = "output_gradient", "output_error", "output_slope"
OUTPUT_GRADIENTS, OUTPUT_SLOPES, RECALL = "output_gradients", "output_slopes", "recall"  # a column a class or output
SATURATED, ACTIVATION_MEAN, ACTIVATION_SPREAD = "saturated", "activation_mean", "activation_spread"
UPDATE_RATIO = "update_ratio"
UPDATE_WEIGHTS, UPDATE_BIASES = "update_norm_weights", "update_norm_biases"
PARAMETER_WEIGHTS, PARAMETER_BIASES = "parameter_norm_weights", "parameter_norm_biases"


def layer_column(quantity: str, layer: int) -> str:
    """The column of a quantity at a layer, counted from 1 at the input."""
    return f"{quantity}{LAYER}{layer}"


def class_column(quantity: str, number: int) -> str:
    """The column of a quantity for a class, or for the output that stands for it, counted from 0 as labels are."""
    return f"{quantity}{LAYER}{number}"


def named_column(quantity: str, number: int, name: str) -> str:
    """The column of a quantity at a torch module's layer or activation, by its number in the order of data, and its name."""
    return f"{quantity}{LAYER}{number}{NAME}{name}"


def layer_name(column: str) -> str:
    """How people call what a column by layer belongs to: "layer 2", or the name that a torch module gives it."""
    number, _, name = column.partition(LAYER)[2].partition(NAME)
    return (f"module {name}" if name.isdigit() else name) or f"layer {number}"
