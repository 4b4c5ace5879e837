"""Saves an XGBoost model as an MLflow model: save_mlflow.py MODEL.ubj FOLDER"""

import sys

import mlflow
import xgboost

booster = xgboost.Booster()
booster.load_model(sys.argv[1])
mlflow.xgboost.save_model(booster, sys.argv[2])
print(mlflow.__version__, xgboost.__version__)
