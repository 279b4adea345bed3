"""The autoencoder of a latent diffusion: its configuration, network, losses, training task and directory."""
