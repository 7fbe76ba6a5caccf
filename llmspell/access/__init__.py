"""What a manifest grants of this machine and its network: folders and hosts, and the only ways to them."""
