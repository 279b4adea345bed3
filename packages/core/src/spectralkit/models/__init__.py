"""Models: a denoiser with its codec, conditions and schedule, and how one is kept on disk."""
