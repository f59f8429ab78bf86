"""What operators and newcomers look at: health, metrics, the API's description and its page."""
