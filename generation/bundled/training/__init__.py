"""How the bundled checkpoint is made: art, sketches, autoencoder, UNet, export, numbers. Start with README.md."""
