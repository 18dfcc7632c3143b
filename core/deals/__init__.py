"""What a deal comes to: payment models are asked, their answers composed and held to what was agreed."""
