"""LightGBM on the same rows: the median of log minutes, by regression_l1. Reads rows.csv, splits at the given second.

   python etr_lightgbm.py rows.csv SPLIT_S   ->   one JSON object on stdout
"""
import json
import sys
import time

import lightgbm
import numpy
import pandas

rows = pandas.read_csv(sys.argv[1])
split = float(sys.argv[2])
train, later = rows[rows.at_s < split], rows[rows.at_s >= split]
columns = [name for name in rows.columns if name not in ("at_s", "minutes")]
began = time.process_time()
model = lightgbm.LGBMRegressor(
    objective="regression_l1",
    n_estimators=500,
    learning_rate=0.04,
    num_leaves=31,
    min_child_samples=40,
    subsample=0.7,
    subsample_freq=1,
    colsample_bytree=0.6,
    n_jobs=2,
    verbose=-1,
).fit(train[columns], numpy.log(train.minutes + 10))
fitted = time.process_time() - began
off = (numpy.exp(model.predict(later[columns])) - 10 - later.minutes).abs()
print(
    json.dumps(
        {
            "name": f"LightGBM {lightgbm.__version__}",
            "n": len(later),
            "mae_min": round(float(off.mean()), 2),
            "median_abs_min": round(float(off.median()), 2),
            "fit_cpu_s": round(fitted, 1),
        }
    )
)
