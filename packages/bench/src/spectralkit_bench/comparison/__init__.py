"""Methods compared on one model and one data set."""
