"""What do lies in the knowledge base cost?"""
