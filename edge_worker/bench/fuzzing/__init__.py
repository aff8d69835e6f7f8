"""What is fed to whatever reads bytes from outside."""
