"""Retraining: any stock config, a coreset's images, and a schedule that suits so few of them."""
