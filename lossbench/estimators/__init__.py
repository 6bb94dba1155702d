"""scikit-learn's manners: one network and any loss, for a Pipeline, a GridSearchCV, or whatever else takes an estimator."""
