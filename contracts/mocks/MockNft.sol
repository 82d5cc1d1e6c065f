// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

interface IErc721Receiver {
    function onERC721Received(address operator, address from, uint256 id, bytes calldata data) external returns (bytes4);
}

/// @title MockNft
/// @notice A well-behaved ERC-721 token without metadata. Anyone may mint.
contract MockNft {
    event Transfer(address indexed from, address indexed to, uint256 indexed id);
    event Approval(address indexed owner, address indexed approved, uint256 indexed id);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);

    error NftUnknown(uint256 id);
    error NftTaken(uint256 id);
    error NftNotAllowed(address caller, uint256 id);
    error NftReceiverInvalid(address receiver);

    mapping(address owner => uint256) public balanceOf;
    mapping(uint256 id => address) public getApproved;
    mapping(address owner => mapping(address operator => bool)) public isApprovedForAll;
    mapping(uint256 id => address) internal _owners;

    function mint(address to, uint256 id) external {
        if (_owners[id] != address(0)) revert NftTaken(id);
        balanceOf[to] += 1;
        _owners[id] = to;
        emit Transfer(address(0), to, id);
    }

    function approve(address to, uint256 id) external {
        address owner = ownerOf(id);
        if (msg.sender != owner && !isApprovedForAll[owner][msg.sender]) revert NftNotAllowed(msg.sender, id);
        getApproved[id] = to;
        emit Approval(owner, to, id);
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    function safeTransferFrom(address from, address to, uint256 id) external {
        safeTransferFrom(from, to, id, "");
    }

    function ownerOf(uint256 id) public view virtual returns (address owner) {
        owner = _owners[id];
        if (owner == address(0)) revert NftUnknown(id);
    }

    function transferFrom(address from, address to, uint256 id) public virtual {
        if (to == address(0)) revert NftReceiverInvalid(to);
        bool allowed = msg.sender == from || getApproved[id] == msg.sender || isApprovedForAll[from][msg.sender];
        if (!allowed || from != ownerOf(id)) revert NftNotAllowed(msg.sender, id);
        delete getApproved[id];
        balanceOf[from] -= 1;
        balanceOf[to] += 1;
        _owners[id] = to;
        emit Transfer(from, to, id);
    }

    function safeTransferFrom(address from, address to, uint256 id, bytes memory data) public {
        transferFrom(from, to, id);
        if (to.code.length == 0) return;
        bytes4 answer = IErc721Receiver(to).onERC721Received(msg.sender, from, id, data);
        if (answer != IErc721Receiver.onERC721Received.selector) revert NftReceiverInvalid(to);
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x80ac58cd;
    }
}
