"""Solar and wind plants: weather in, kilowatts out, through pvlib and windpowerlib."""
