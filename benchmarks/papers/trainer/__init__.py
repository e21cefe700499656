"""A small trainer on numpy: dense layers, a recurrent network, their gradients, and the steps that follow them."""
